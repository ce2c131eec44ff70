/*
 * The system calls alone, on a file written full before: what a durable write costs at the least. One writer. The job comes
 * on the command line behind the way of writing; the answer is one line of JSON (bench/wal/job.ts).
 *   odsync     one pwrite on O_DIRECT|O_DSYNC
 *   fdatasync  one pwrite through the page cache, one fdatasync
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { block_bytes = 4096, file_bytes = 32 << 20, samples_max = 4 << 20 };

static double samples[samples_max];

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void require(int holds, const char *what)
{
    if (holds) return;
    perror(what);
    exit(1);
}

static int rising(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void prepare(const char *path, void *zeros, size_t bytes)
{
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
    require(file >= 0, "create");
    for (size_t at = 0; at + bytes <= file_bytes; at += bytes)
        require(pwrite(file, zeros, bytes, at) == (ssize_t)bytes, "write");
    require(fsync(file) == 0, "fsync");
    require(close(file) == 0, "close");
}

int main(int argc, char **argv)
{
    require(argc == 9, "expected: odsync|fdatasync and a job");
    int is_direct = strcmp(argv[1], "odsync") == 0;
    size_t payload_bytes = strtoul(argv[4], NULL, 10);
    double warm_up_us = 1e3 * strtod(argv[6], NULL), run_us = 1e3 * strtod(argv[7], NULL);
    size_t bytes = (payload_bytes + block_bytes - 1) / block_bytes * block_bytes;

    char path[4096];
    snprintf(path, sizeof path, "%s/raw", argv[3]);
    void *buffer;
    require(posix_memalign(&buffer, block_bytes, bytes) == 0, "posix_memalign");
    memset(buffer, 0, bytes);
    prepare(path, buffer, bytes);
    memset(buffer, 7, payload_bytes);
    int file = open(path, O_WRONLY | (is_direct ? O_DIRECT | O_DSYNC : 0));
    require(file >= 0, "open");

    size_t count = 0, at = 0;
    double warm = now_us() + warm_up_us, began;
    while ((began = now_us()) < warm + run_us && count < samples_max) {
        require(pwrite(file, buffer, bytes, at) == (ssize_t)bytes, "pwrite");
        if (!is_direct) require(fdatasync(file) == 0, "fdatasync");
        if (began >= warm) samples[count++] = now_us() - began;
        at = at + 2 * bytes > file_bytes ? 0 : at + bytes;
    }
    double seconds = (now_us() - warm) / 1e6;
    require(count > 0, "no write was counted");
    qsort(samples, count, sizeof *samples, rising);
    printf("{\"records\":%zu,\"seconds\":%f,\"p50Us\":%f,\"p99Us\":%f,\"maxUs\":%f}\n", count, seconds,
           samples[(count - 1) / 2], samples[(size_t)(0.99 * (count - 1))], samples[count - 1]);
    return 0;
}
