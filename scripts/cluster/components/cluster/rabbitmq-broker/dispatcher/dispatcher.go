package main

import (
	"context"
	"encoding/base64"
	"log/slog"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	amqp "github.com/rabbitmq/amqp091-go"
)

// What of an answer a dead letter tells, before it is encoded; Knative allows 1024 characters after.
const mostAnswer = 768

type dispatcher struct {
	settings
	*sender
	log *slog.Logger
}

func newDispatcher(given settings, log *slog.Logger) *dispatcher {
	return &dispatcher{settings: given, sender: newSender(given), log: log}
}

// bury keeps an event as a dead letter, or says why it cannot.
type bury func(ctx context.Context, event cloudevents.Event) error

// handle settles a message: it is acknowledged once the subscriber has taken its event or it is kept as a dead
// letter, and else comes again.
func (d *dispatcher) handle(ctx context.Context, message amqp.Delivery, keep bury) {
	event, err := eventOf(&message)
	if err != nil {
		d.log.Error("dropped a message that is no event", "error", err, "id", message.MessageId)
		d.settle(message.Ack(false))
		return
	}
	failure := d.pass(ctx, event)
	if failure != nil && d.DeadLetterExchange != "" && ctx.Err() == nil {
		if err := keep(ctx, deadLetter(event, d.Subscriber, failure)); err != nil {
			d.log.Warn("a dead letter is not kept yet", "error", err, "id", event.ID())
			wait(ctx, pause)
			d.settle(message.Nack(false, true))
			return
		}
	}
	if ctx.Err() != nil {
		d.settle(message.Nack(false, true))
		return
	}
	if failure != nil {
		d.log.Warn("not delivered", "id", event.ID(), "source", event.Source(), "code", failure.code)
	}
	d.settle(message.Ack(false))
}

// pass gives an event to the subscriber, and what it answers with to the Broker.
func (d *dispatcher) pass(ctx context.Context, event cloudevents.Event) *failure {
	reply, failure := d.send(ctx, d.Subscriber, event)
	if failure == nil && reply != nil {
		_, failure = d.send(ctx, d.Broker, *reply)
	}
	return failure
}

// settle notes that RabbitMQ was not told how a message ended: then it comes again.
func (d *dispatcher) settle(err error) {
	if err != nil {
		d.log.Warn("a message comes again", "error", err)
	}
}

// deadLetter gives the event with what Knative adds to one that was not taken.
func deadLetter(event cloudevents.Event, subscriber string, why *failure) cloudevents.Event {
	letter := event.Clone()
	letter.SetExtension("knativeerrordest", subscriber)
	if why.code != 0 {
		letter.SetExtension("knativeerrorcode", why.code)
	}
	if answer := why.answer; len(answer) > 0 {
		answer = answer[:min(len(answer), mostAnswer)]
		letter.SetExtension("knativeerrordata", base64.StdEncoding.EncodeToString(answer))
	}
	return letter
}
