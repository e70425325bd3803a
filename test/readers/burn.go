// Burns CPU for a second and writes what Go's own profiler saw of it.
package main

import (
	"os"
	"runtime/pprof"
	"time"
)

var sink uint64

//go:noinline
func burnInner(n uint64) (sum uint64) {
	for i := uint64(0); i < n; i++ {
		sum += i * i
	}
	return sum
}

//go:noinline
func burnOuter(until time.Time) {
	for time.Now().Before(until) {
		sink += burnInner(100000)
	}
}

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	burnOuter(time.Now().Add(time.Second))
	pprof.StopCPUProfile()
	if err := file.Close(); err != nil {
		panic(err)
	}
}
