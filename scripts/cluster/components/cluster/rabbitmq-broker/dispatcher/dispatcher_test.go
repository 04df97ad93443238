package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	amqp "github.com/rabbitmq/amqp091-go"
	"knative.dev/eventing-rabbitmq/pkg/rabbit"
)

// What became of a message: "acknowledged", "comes again", or nothing yet.
type ending struct{ said string }

func (e *ending) Ack(uint64, bool) error { e.said = "acknowledged"; return nil }

func (e *ending) Nack(_ uint64, _, requeue bool) error {
	if requeue {
		e.said = "comes again"
	} else {
		e.said = "dropped"
	}
	return nil
}

func (e *ending) Reject(_ uint64, requeue bool) error { return e.Nack(0, false, requeue) }

func event(t *testing.T) cloudevents.Event {
	t.Helper()
	one := cloudevents.NewEvent()
	one.SetID("1")
	one.SetSource("/test")
	one.SetType("test")
	one.SetExtension("wakes", "failover")
	if err := one.SetData("application/json", map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	return one
}

// message gives what the ingress puts into the queue for an event.
func message(t *testing.T, how *ending) amqp.Delivery {
	t.Helper()
	one := event(t)
	published := rabbit.CloudEventToRabbitMQMessage(&one, "", "")
	return amqp.Delivery{
		Acknowledger: how, Headers: published.Headers, ContentType: published.ContentType, Body: published.Body,
	}
}

// subscriber answers each request with the next status of a list, and the rest with its last.
type subscriber struct {
	*httptest.Server
	asked []*http.Request
	said  []string
}

func subscribe(t *testing.T, statuses ...int) *subscriber {
	s := &subscriber{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		status := statuses[min(len(s.asked), len(statuses)-1)]
		s.asked, s.said = append(s.asked, request), append(s.said, string(body))
		writer.WriteHeader(status)
		_, _ = io.WriteString(writer, "because")
	}))
	t.Cleanup(s.Close)
	return s
}

func to(url string, more func(*settings)) *dispatcher {
	given := settings{
		Subscriber: url, Broker: url, DeadLetterExchange: "dlx", Parallelism: 1, Retry: 2,
		BackoffPolicy: "exponential", BackoffDelay: time.Millisecond,
	}
	if more != nil {
		more(&given)
	}
	return newDispatcher(given, slog.New(slog.DiscardHandler))
}

// letters is a grave that takes all; or none, as long as it fails.
type letters struct {
	kept []cloudevents.Event
	fail error
}

func (l *letters) keep(_ context.Context, event cloudevents.Event) error {
	if l.fail == nil {
		l.kept = append(l.kept, event)
	}
	return l.fail
}

func TestWhatTheSubscriberTakesIsAcknowledged(t *testing.T) {
	s, how, grave := subscribe(t, 204), &ending{}, &letters{}
	to(s.URL, nil).handle(t.Context(), message(t, how), grave.keep)
	if how.said != "acknowledged" || len(grave.kept) != 0 {
		t.Errorf("it was %s, with %d dead letters", how.said, len(grave.kept))
	}
	if got := s.asked[0].Header.Get("ce-wakes"); got != "failover" || s.said[0] != `{"n":1}` {
		t.Errorf("it was sent as %q, %s", got, s.said[0])
	}
	if s.asked[0].Header.Get("ce-time") != "" {
		t.Error("it was given a time that it never had")
	}
}

func TestHowOftenAnEventIsSent(t *testing.T) {
	for name, table := range map[string]struct {
		statuses []int
		times    int
		kept     int
	}{
		"once, when it is taken":                    {[]int{200}, 1, 0},
		"again, when the subscriber is not well":    {[]int{503, 429, 200}, 3, 0},
		"once, when it is refused for good":         {[]int{400}, 1, 1},
		"as often as the Trigger says, and no more": {[]int{500}, 3, 1},
	} {
		s, how, grave := subscribe(t, table.statuses...), &ending{}, &letters{}
		to(s.URL, nil).handle(t.Context(), message(t, how), grave.keep)
		if len(s.asked) != table.times || len(grave.kept) != table.kept || how.said != "acknowledged" {
			t.Errorf("%s: sent %d times, %d dead letters, %s", name, len(s.asked), len(grave.kept), how.said)
		}
	}
}

func TestADeadLetterSaysWhy(t *testing.T) {
	s, grave := subscribe(t, 400), &letters{}
	to(s.URL, nil).handle(t.Context(), message(t, &ending{}), grave.keep)
	told := grave.kept[0].Extensions()
	because := base64.StdEncoding.EncodeToString([]byte("because"))
	if told["knativeerrordest"] != s.URL || told["knativeerrorcode"] != int32(400) || told["knativeerrordata"] != because {
		t.Errorf("it says %v", told)
	}
}

func TestAMessageComesAgainUntilItsDeadLetterIsKept(t *testing.T) {
	s, how := subscribe(t, 400), &ending{}
	d := to(s.URL, nil)
	d.handle(t.Context(), message(t, how), (&letters{fail: errors.New("no quorum")}).keep)
	if how.said != "comes again" {
		t.Errorf("it was %s", how.said)
	}
}

func TestAnEventOnItsWayWhenItEndsComesAgain(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.ReadAll(request.Body) // only then the end of the connection is seen
		end()
		<-request.Context().Done()
	}))
	defer silent.Close()
	how, grave := &ending{}, &letters{}
	to(silent.URL, nil).handle(ctx, message(t, how), grave.keep)
	if how.said != "comes again" || len(grave.kept) != 0 {
		t.Errorf("it was %s, with %d dead letters", how.said, len(grave.kept))
	}
}

func TestADeadLetterIsSentUntilItsSinkTakesIt(t *testing.T) {
	s, how := subscribe(t, 503, 400, 500, 503, 503, 204), &ending{}
	d := to(s.URL, func(given *settings) { given.DeadLetters, given.DeadLetterExchange = true, "" })
	d.handle(t.Context(), message(t, how), nil)
	if how.said != "acknowledged" || len(s.asked) != 6 {
		t.Errorf("it was %s after %d attempts", how.said, len(s.asked))
	}
}

func TestAnAnswerThatIsAnEventGoesToTheBroker(t *testing.T) {
	broker := subscribe(t, 202)
	replying := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{"specversion": "1.0", "id": "2", "source": "/reply", "type": "reply"} {
			writer.Header().Set("ce-"+name, value)
		}
		writer.WriteHeader(200)
	}))
	defer replying.Close()
	how := &ending{}
	d := to(replying.URL, func(given *settings) { given.Broker = broker.URL })
	d.handle(t.Context(), message(t, how), (&letters{}).keep)
	if how.said != "acknowledged" || len(broker.asked) != 1 || broker.asked[0].Header.Get("ce-id") != "2" {
		t.Errorf("it was %s, and the Broker was asked %d times", how.said, len(broker.asked))
	}
}

func TestPausesGrowAsTheTriggerSays(t *testing.T) {
	for policy, want := range map[string][]time.Duration{
		"exponential": {time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		"linear":      {time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second},
	} {
		s := newSender(settings{BackoffPolicy: policy, BackoffDelay: time.Second})
		for tried, pause := range want {
			if got := s.pauseAfter(tried); got != pause {
				t.Errorf("%s, after %d: %v", policy, tried, got)
			}
		}
	}
}

func TestTheQueueIsReachedInItsVirtualHost(t *testing.T) {
	for vhost, want := range map[string]string{"": "amqps://r", "events": "amqps://r/events", "/e": "amqps://r/e"} {
		d := newDispatcher(settings{RabbitURL: "amqps://r", Vhost: vhost}, nil)
		if got := d.url(); got != want {
			t.Errorf("%q: %s", vhost, got)
		}
	}
}
