package main

import (
	"context"
	"fmt"
	"io"
)

// What a client of a peer can, as one process has it.
type (
	// pusher adds a job, and returns when it is as durable as was asked for. Any number
	// of goroutines may call it.
	pusher interface{ push(payload []byte) error }

	// bulkPusher adds many jobs in as few steps as the peer has for it.
	bulkPusher interface{ pushMany(payloads [][]byte) error }

	// worker handles jobs, so many at a time, until ctx ends. A handler calls done and
	// has nothing else to do; then the job is acknowledged.
	worker interface {
		work(ctx context.Context, handlers int, done func()) error
	}

	// counter counts the jobs that are not acknowledged.
	counter interface{ left() (int, error) }
)

// client is one or more of the above. Close ends it, and what it started.
type client io.Closer

// openClient opens the queue of a peer whose server, if it has one, runs.
func openClient(kind, place string, durable bool) (client, error) {
	switch kind {
	case dcqName:
		return openDCQ(place, durable)
	case redisName:
		return openRedis(place)
	case beanstalkdName:
		return openBeanstalkd(place)
	case natsName:
		return openNATS(place, durable)
	case asynqName:
		return openAsynq(place)
	case riverName:
		return openRiver(place)
	case backliteName:
		return openBacklite(place)
	case rawName, rawValuesName, rawJSONName, rawCgoName, rawValuesCgoName:
		return openRaw(kind, place, durable)
	case fileName:
		return openFile(place)
	}
	return nil, fmt.Errorf("no peer is called %q", kind)
}
