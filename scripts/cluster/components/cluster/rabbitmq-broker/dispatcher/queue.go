package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	amqp "github.com/rabbitmq/amqp091-go"
	"knative.dev/eventing-rabbitmq/pkg/rabbit"
)

const (
	// A member that is silent is given up after three of them.
	heartbeat = 3 * time.Second
	// To connect: another member answers if this one does not.
	dialing = 2 * time.Second
	// What is on its way at the end may still be answered; less than a pod is given to end.
	grace = 25 * time.Second
)

// consume takes messages until ctx ends or the connection does. What was not acknowledged by then comes again.
func (d *dispatcher) consume(ctx context.Context) error {
	connection, err := amqp.DialConfig(d.url(), amqp.Config{
		Heartbeat:  heartbeat,
		Dial:       amqp.DefaultDial(dialing),
		Properties: amqp.Table{"connection_name": d.Queue},
	})
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := d.open(connection)
	if err != nil {
		return err
	}
	messages, err := channel.Consume(d.Queue, d.Queue, false, false, false, false, nil)
	if err != nil {
		return err
	}
	d.log.Info("connected", "queue", d.Queue)
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var handled sync.WaitGroup
	for {
		select {
		case <-ctx.Done():
			finish(&handled, end)
			return nil
		case message, ok := <-messages:
			if !ok {
				return amqp.ErrClosed
			}
			handled.Add(1)
			go func() {
				defer handled.Done()
				d.handle(running, message, func(ctx context.Context, event cloudevents.Event) error {
					return d.publish(ctx, channel, event)
				})
			}()
		}
	}
}

// open opens a channel that holds as many messages as may be on their way, and confirms what is published.
func (d *dispatcher) open(connection *amqp.Connection) (*amqp.Channel, error) {
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	if err := channel.Qos(d.Parallelism, 0, false); err != nil {
		return nil, err
	}
	return channel, channel.Confirm(false)
}

// finish waits for what is on its way, and ends what takes too long.
func finish(handled *sync.WaitGroup, end context.CancelFunc) {
	late := time.AfterFunc(grace, end)
	defer late.Stop()
	handled.Wait()
}

// publish gives an event to the exchange of dead letters; it is kept once this returns nil.
func (d *dispatcher) publish(ctx context.Context, channel *amqp.Channel, event cloudevents.Event) error {
	message := rabbit.CloudEventToRabbitMQMessage(&event, "", "")
	confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, d.DeadLetterExchange, "", false, false, *message)
	if err != nil {
		return err
	}
	kept, err := confirmation.WaitContext(ctx)
	if err == nil && !kept {
		err = errors.New("RabbitMQ did not keep it")
	}
	return err
}

func (d *dispatcher) url() string {
	if d.Vhost == "" || strings.HasPrefix(d.Vhost, "/") {
		return d.RabbitURL + d.Vhost
	}
	return d.RabbitURL + "/" + d.Vhost
}

// eventOf reads the event of a message, as the Broker's ingress writes it.
func eventOf(message *amqp.Delivery) (cloudevents.Event, error) {
	event, err := binding.ToEvent(context.Background(), rabbit.NewMessageFromDelivery("", "", "", message))
	if err != nil {
		return cloudevents.Event{}, err
	}
	if event.Time().IsZero() { // the ingress writes one for an event that had none
		event.SetTime(time.Time{})
	}
	return *event, event.Validate()
}
