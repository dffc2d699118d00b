package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

const (
	natsName     = "nats"
	natsSettings = "JetStream, file storage, work queue, explicit acks; nats-server in a process of its own, TCP; SyncAlways and DoubleAck where durable, else Ack, which does not wait"

	natsServer  = "nats-server" // the kind of child that is one
	natsAddr    = "addr"        // the file with its address
	natsStream  = "q"
	natsAhead   = 10_000 // messages that a consumer may have in flight
	natsFlushed = time.Minute
)

// serveNATS is a server with its files in place, until its input ends.
func serveNATS(place string, durable bool) error {
	s, err := server.NewServer(natsOptions(place, durable))
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(serverPatience) {
		return errors.New("nats-server is not ready")
	}
	if err := os.WriteFile(filepath.Join(place, natsAddr), []byte(s.ClientURL()), 0o600); err != nil {
		return err
	}
	measure.Say("ready")
	return measure.Serve(func([]string) error { return nil })
}

func natsOptions(place string, durable bool) *server.Options {
	return &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: place,
		SyncAlways: durable, NoLog: true, NoSigs: true,
	}
}

// startNATS starts a server, and returns what ends it.
func startNATS(place string, durable bool) (end func() error, err error) {
	p, err := measure.Start(measure.Self(natsServer, place, durabilityName(durable)))
	if err != nil {
		return nil, err
	}
	if _, err := p.Hear("ready"); err != nil {
		return nil, err
	}
	return p.Close, nil
}

type natsQueue struct {
	*nats.Conn
	js       jetstream.JetStream
	consumer jetstream.Consumer
	durable  bool
}

func openNATS(place string, durable bool) (q *natsQueue, err error) {
	addr, err := os.ReadFile(filepath.Join(place, natsAddr))
	if err != nil {
		return nil, err
	}
	q = &natsQueue{durable: durable}
	if q.Conn, err = nats.Connect(string(addr)); err != nil {
		return nil, err
	}
	if q.js, err = jetstream.New(q.Conn, jetstream.WithPublishAsyncMaxPending(natsAhead)); err != nil {
		return nil, err
	}
	ctx := context.Background()
	stream, err := q.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: natsStream, Subjects: []string{natsStream}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
	})
	if err != nil {
		return nil, err
	}
	q.consumer, err = stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: natsStream, AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: natsAhead,
	})
	return q, err
}

func (q *natsQueue) Close() error {
	q.Conn.Close()
	return nil
}

func (q *natsQueue) push(payload []byte) error {
	_, err := q.js.Publish(context.Background(), natsStream, payload)
	return err
}

func (q *natsQueue) pushMany(payloads [][]byte) error {
	for _, p := range payloads {
		if _, err := q.js.PublishAsync(natsStream, p); err != nil {
			return err
		}
	}
	select {
	case <-q.js.PublishAsyncComplete():
		return nil
	case <-time.After(natsFlushed):
		return errors.New("nats: published messages are not acknowledged")
	}
}

func (q *natsQueue) work(ctx context.Context, handlers int, done func()) error {
	messages := make(chan jetstream.Msg, natsAhead)
	consuming, err := q.consumer.Consume(func(m jetstream.Msg) { messages <- m })
	if err != nil {
		return err
	}
	defer consuming.Stop()
	return inParallel(handlers, func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case m := <-messages:
				done()
				if err := q.ack(ctx, m); err != nil {
					return unlessEnded(ctx, err)
				}
			}
		}
	})
}

func (q *natsQueue) ack(ctx context.Context, m jetstream.Msg) error {
	if q.durable {
		return m.DoubleAck(ctx)
	}
	return m.Ack()
}

func (q *natsQueue) left() (int, error) {
	info, err := q.consumer.Info(context.Background())
	if err != nil {
		return 0, err
	}
	return int(info.NumPending) + info.NumAckPending, nil
}
