package main

import (
	"path/filepath"
	"sync"

	"github.com/tidwall/wal"
)

// The caller numbers the records, so writers take turns from the number to the write. A write is followed by fsync unless
// NoSync is set; nothing is shared between writers. Entries carry no checksum: a scan only parses them.
type tidwall struct {
	mutex sync.Mutex
	log   *wal.Log
	next  uint64
	group wal.Batch
}

func open(j job) (contestant, error) {
	options := *wal.DefaultOptions
	options.NoSync = j.work == "unsynced" || j.work == "scan"
	options.SegmentSize = 64 << 20
	options.NoCopy = true
	log, err := wal.Open(filepath.Join(j.directory, "log"), &options)
	if err != nil {
		return nil, err
	}
	last, err := log.LastIndex()
	return &tidwall{log: log, next: last + 1}, err
}

func (t *tidwall) appendDurable(payload []byte) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.append(payload)
}

func (t *tidwall) append(payload []byte) error {
	t.next++
	return t.log.Write(t.next-1, payload)
}

func (t *tidwall) batch(payload []byte, count int) error {
	t.group.Clear()
	for range count {
		t.group.Write(t.next, payload)
		t.next++
	}
	return t.log.WriteBatch(&t.group)
}

func (t *tidwall) scan() (int64, error) {
	bytes := int64(0)
	for index := uint64(1); index < t.next; index++ {
		data, err := t.log.Read(index)
		if err != nil {
			return 0, err
		}
		bytes += int64(len(data))
	}
	return bytes, nil
}

func (t *tidwall) close() error { return t.log.Close() }
