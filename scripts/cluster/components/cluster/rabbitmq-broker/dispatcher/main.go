// A dispatcher of Knative's RabbitMQ Broker: takes the events of one Trigger from its queue and gives them to the
// subscriber. It is told what upstream's is told, and differs in what becomes of an event that nobody takes:
// upstream acknowledges the message first and then writes the dead letter, and drops a dead letter that its sink
// does not take; here a message is acknowledged only once somebody else has the event.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// What Knative's controller writes into the environment of a dispatcher.
type settings struct {
	RabbitURL  string `envconfig:"RABBIT_URL" required:"true"`
	Vhost      string `envconfig:"RABBITMQ_VHOST"`
	Queue      string `envconfig:"QUEUE_NAME" required:"true"`
	Subscriber string `envconfig:"SUBSCRIBER" required:"true"`
	// Where an event goes that a subscriber answers with.
	Broker string `envconfig:"BROKER_INGRESS_URL" required:"true"`
	// Whether what comes are dead letters themselves.
	DeadLetters bool `envconfig:"DLX"`
	// Where dead letters go; none are kept when empty.
	DeadLetterExchange string `envconfig:"DLX_NAME"`
	// How many events are on their way at once: one keeps them in their order.
	Parallelism   int           `envconfig:"PARALLELISM" default:"1"`
	Retry         int           `envconfig:"RETRY" default:"5"`
	BackoffPolicy string        `envconfig:"BACKOFF_POLICY" default:"exponential"`
	BackoffDelay  time.Duration `envconfig:"BACKOFF_DELAY" default:"50ms"`
	// Of one attempt; without end when zero.
	Timeout time.Duration `envconfig:"TIMEOUT"`
}

// Between two attempts to connect.
const pause = time.Second

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	var given settings
	if err := envconfig.Process("", &given); err != nil {
		log.Error("the environment is not right", "error", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	d := newDispatcher(given, log)
	for ctx.Err() == nil {
		if err := d.consume(ctx); err != nil && ctx.Err() == nil {
			log.Warn("disconnected", "error", err)
			wait(ctx, pause)
		}
	}
}

// wait waits, unless ctx ends before; whether it waited to the end.
func wait(ctx context.Context, how time.Duration) bool {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
