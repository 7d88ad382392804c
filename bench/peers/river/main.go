// Answers lines `submit COUNT BATCH` and `work COUNT BATCH`, one at a time.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type nothing struct {
	Video string `json:"video"`
}

func (nothing) Kind() string { return "nothing" }

// Counts by itself: a subscription drops events when its reader falls behind.
type worker struct {
	river.WorkerDefaults[nothing]
	left atomic.Int64
	done chan struct{}
}

func (w *worker) Work(context.Context, *river.Job[nothing]) error {
	if w.left.Add(-1) == 0 {
		close(w.done)
	}
	return nil
}

func must(err error) {
	if err != nil {
		fmt.Printf("{\"error\": %q}\n", err.Error())
		os.Exit(1)
	}
}

func submit(ctx context.Context, on *river.Client[pgx.Tx], count, batch int) {
	var begun atomic.Int64
	var all sync.WaitGroup
	callers := 4
	if batch == 1 {
		callers = 8
	}
	for range callers {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				at := int(begun.Add(int64(batch))) - batch
				if at >= count {
					return
				}
				if batch == 1 {
					_, err := on.Insert(ctx, nothing{"cat.mp4"}, nil)
					must(err)
					continue
				}
				jobs := make([]river.InsertManyParams, min(batch, count-at))
				for i := range jobs {
					jobs[i].Args = nothing{"cat.mp4"}
				}
				_, err := on.InsertManyFast(ctx, jobs)
				must(err)
			}
		}()
	}
	all.Wait()
}

func work(ctx context.Context, on *river.Client[pgx.Tx], by *worker) {
	must(on.Start(ctx))
	<-by.done
	// Only then are all of them completed in the database.
	must(on.Stop(ctx))
}

func main() {
	ctx := context.Background()
	how, err := pgxpool.ParseConfig(os.Getenv("PEER_URL"))
	must(err)
	how.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(ctx, how)
	must(err)
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	must(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	must(err)
	open := func(most int, by *worker) *river.Client[pgx.Tx] {
		workers := river.NewWorkers()
		river.AddWorker(workers, by)
		made, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
			Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: most}},
			Workers:           workers,
			FetchCooldown:     time.Millisecond,
			FetchPollInterval: 50 * time.Millisecond,
			Logger:            slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		must(err)
		return made
	}
	fmt.Println(`{"ready": true}`)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var what string
		var count, batch int
		_, err := fmt.Sscan(lines.Text(), &what, &count, &batch)
		must(err)
		by := &worker{done: make(chan struct{})}
		by.left.Store(int64(count))
		client := open(map[bool]int{true: 8, false: 1000}[batch == 1], by)
		before := time.Now()
		if what == "submit" {
			submit(ctx, client, count, batch)
		} else {
			work(ctx, client, by)
		}
		fmt.Printf("{\"seconds\": %f}\n", time.Since(before).Seconds())
	}
}
