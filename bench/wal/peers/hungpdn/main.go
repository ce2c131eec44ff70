package main

import (
	"io"
	stdlog "log"
	"path/filepath"

	"github.com/hungpdn/wal"
)

// With Always each write flushes and syncs under one lock: nothing is shared between writers. With OSCache each write reaches
// the operating system, and a timer syncs every second. The iterator checks the CRC of every entry.
type hungpdn struct {
	log   *wal.WAL
	group [][]byte
}

func open(j job) (contestant, error) {
	stdlog.SetOutput(io.Discard)
	strategy := wal.SyncStrategyAlways
	if j.work == "unsynced" || j.work == "scan" {
		strategy = wal.SyncStrategyOSCache
	}
	log, err := wal.Open(filepath.Join(j.directory, "log"), &wal.Config{SegmentSize: 64 << 20, SyncStrategy: strategy})
	return &hungpdn{log: log}, err
}

func (h *hungpdn) appendDurable(payload []byte) error { return h.log.Write(payload) }

func (h *hungpdn) append(payload []byte) error { return h.log.Write(payload) }

func (h *hungpdn) batch(payload []byte, count int) error {
	h.group = h.group[:0]
	for range count {
		h.group = append(h.group, payload)
	}
	return h.log.WriteBatch(h.group)
}

func (h *hungpdn) scan() (int64, error) {
	iterator, err := h.log.NewReader()
	if err != nil {
		return 0, err
	}
	defer iterator.Close()
	bytes := int64(0)
	for iterator.Next() {
		bytes += int64(len(iterator.Value()))
	}
	return bytes, iterator.Err()
}

func (h *hungpdn) close() error { return h.log.Close() }
