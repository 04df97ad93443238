package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"knative.dev/eventing/pkg/kncloudevents"
)

// The longest pause before a dead letter is given to its sink again.
const mostPause = time.Minute

// failure says why an event was not taken: the status and the answer, or neither from one who did not answer.
type failure struct {
	code   int
	answer []byte
}

// sender sends events by HTTP, again where that may help.
type sender struct {
	client *http.Client
	given  settings
}

func newSender(given settings) *sender {
	// Whoever died without a word is noticed within half a minute, however long an answer may take.
	dialer := &net.Dialer{
		Timeout:         2 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	transport := &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: given.Parallelism}
	return &sender{client: &http.Client{Transport: transport, Timeout: given.Timeout}, given: given}
}

// send sends an event until it is taken, refused for good, tried often enough, or ctx ends. Of a dead letter it is
// never enough.
func (s *sender) send(ctx context.Context, url string, event cloudevents.Event) (*cloudevents.Event, *failure) {
	for tried := 0; ; tried++ {
		reply, failed := s.once(ctx, url, event)
		if failed == nil {
			return reply, nil
		}
		if !s.again(failed, tried) || !wait(ctx, s.pauseAfter(tried)) {
			return nil, failed
		}
	}
}

func (s *sender) again(failed *failure, tried int) bool {
	if s.given.DeadLetters {
		return true
	}
	return tried < s.given.Retry && mayHelp(failed)
}

// mayHelp follows Knative: an answer of 5xx, and few of 4xx, may be another the next time.
func mayHelp(failed *failure) bool {
	if failed.code == 0 {
		return true
	}
	again, _ := kncloudevents.SelectiveRetry(context.Background(), &http.Response{StatusCode: failed.code}, nil)
	return again
}

// pauseAfter gives how long to wait after an attempt; the first is number 0.
func (s *sender) pauseAfter(tried int) time.Duration {
	delay := s.given.BackoffDelay
	if s.given.BackoffPolicy == "linear" {
		delay *= time.Duration(tried + 1)
	} else {
		delay <<= min(tried, 20)
	}
	if s.given.DeadLetters {
		delay = min(delay, mostPause)
	}
	return delay
}

// once sends an event one time, and reads the event that may be answered with.
func (s *sender) once(ctx context.Context, url string, event cloudevents.Event) (*cloudevents.Event, *failure) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return nil, &failure{}
	}
	request.Header.Set("Prefer", "reply")
	if err := cehttp.WriteRequest(binding.WithForceBinary(ctx), binding.ToMessage(&event), request); err != nil {
		return nil, &failure{answer: []byte(err.Error())}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, &failure{answer: []byte(err.Error())}
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		answer, _ := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
		return nil, &failure{code: response.StatusCode, answer: answer}
	}
	return replyOf(ctx, response)
}

func replyOf(ctx context.Context, response *http.Response) (*cloudevents.Event, *failure) {
	message := cehttp.NewMessageFromHttpResponse(response)
	if message.ReadEncoding() == binding.EncodingUnknown {
		// Read to its end, so that the connection is used again.
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
		return nil, nil
	}
	reply, err := binding.ToEvent(ctx, message)
	if err != nil {
		return nil, &failure{code: response.StatusCode, answer: []byte(err.Error())}
	}
	return reply, nil
}
