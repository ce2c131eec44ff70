// What every Go contestant shares: the job from the command line, the clock, and the one line of JSON that is the answer
// (bench/wal/job.ts has its shape). A contestant is a main.go beside it that gives an opener.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// One log, as a contestant offers it. The callers of appendDurable are many, of all else one.
type contestant interface {
	appendDurable(payload []byte) error
	append(payload []byte) error
	batch(payload []byte, count int) error
	// Reads and checks every record; answers how many bytes of payload there were.
	scan() (int64, error)
	close() error
}

const batchRecords = 1000

type job struct {
	work         string
	directory    string
	payloadBytes int
	writers      int
	warmUp, run  time.Duration
	bytesMax     int64
}

type measured struct {
	Records int64   `json:"records"`
	Seconds float64 `json:"seconds"`
	P50Us   float64 `json:"p50Us"`
	P99Us   float64 `json:"p99Us"`
	MaxUs   float64 `json:"maxUs"`
}

func main() {
	number := func(index int) int {
		value, err := strconv.Atoi(os.Args[index])
		check(err)
		return value
	}
	milliseconds := func(index int) time.Duration { return time.Duration(number(index)) * time.Millisecond }
	do(job{
		work: os.Args[1], directory: os.Args[2], payloadBytes: number(3), writers: number(4),
		warmUp: milliseconds(5), run: milliseconds(6), bytesMax: int64(number(7)),
	})
}

func do(j job) {
	payload := make([]byte, j.payloadBytes)
	for index := range payload {
		payload[index] = byte(index * 31)
	}
	log := mustOpen(j)
	var result measured
	switch j.work {
	case "durable":
		result = j.repeat(j.writers, 1, func() error { return log.appendDurable(payload) })
	case "batch":
		result = j.repeat(1, batchRecords, func() error { return log.batch(payload, batchRecords) })
	case "unsynced":
		result = j.repeat(1, batchRecords, func() error {
			for range batchRecords {
				if err := log.append(payload); err != nil {
					return err
				}
			}
			return nil
		})
	case "scan":
		for done := int64(0); done < j.bytesMax; done += int64(j.payloadBytes * batchRecords) {
			check(log.batch(payload, batchRecords))
		}
		check(log.close())
		for range 2 {
			start := time.Now()
			log = mustOpen(j)
			bytes, err := log.scan()
			check(err)
			seconds := time.Since(start).Seconds()
			check(log.close())
			result = measured{Records: bytes / int64(j.payloadBytes), Seconds: seconds}
		}
		report(result)
		return
	}
	check(log.close())
	report(result)
}

// Calls from so many writers at once until the time is over, or bytesMax written. What began in the warm-up does not count.
func (j job) repeat(writers int, recordsPerCall int, call func() error) measured {
	start := time.Now()
	warm, end := start.Add(j.warmUp), start.Add(j.warmUp+j.run)
	callsMax := int(j.bytesMax/int64(j.payloadBytes*recordsPerCall))/writers + 1
	samples := make([][]time.Duration, writers)
	var group sync.WaitGroup
	for writer := range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			for calls := 0; calls < callsMax; calls++ {
				began := time.Now()
				if began.After(end) {
					return
				}
				check(call())
				if began.After(warm) {
					samples[writer] = append(samples[writer], time.Since(began))
				}
			}
		}()
	}
	group.Wait()
	seconds := time.Since(warm).Seconds()
	all := slices.Concat(samples...)
	slices.Sort(all)
	at := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[int(share*float64(len(all)-1))].Nanoseconds()) / 1000
	}
	return measured{int64(len(all) * recordsPerCall), seconds, at(0.5), at(0.99), at(1)}
}

func mustOpen(j job) contestant {
	log, err := open(j)
	check(err)
	return log
}

func report(result measured) {
	line, err := json.Marshal(result)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
