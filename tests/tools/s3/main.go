// A server that speaks S3's language, for the tests: versitygw over the empty folder it is given, with the key of
// ROOT_ACCESS_KEY and ROOT_SECRET_KEY.
//
// It prints its address once it answers, and lives until its standard input ends: no test leaves one behind.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	// The server's own words there would be taken for its address.
	said := os.Stdout
	os.Stdout = os.Stderr
	go func() {
		io.Copy(io.Discard, os.Stdin)
		// Without waiting for connections that clients keep open.
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, serve(os.Args[1], said))
	os.Exit(1)
}

// Buckets and what is known of each object are in folders beside each other: not every file system has attributes.
func serve(home string, said *os.File) error {
	buckets, known := filepath.Join(home, "buckets"), filepath.Join(home, "known")
	for _, folder := range []string{buckets, known} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	sidecar, err := meta.NewSideCar(known)
	if err != nil {
		return err
	}
	kept, err := posix.New(buckets, sidecar, posix.PosixOpts{
		SideCarDir:          known,
		Concurrency:         100,
		CopyObjectThreshold: 5 << 30,
	})
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	go announce(address, said)
	return embedgw.RunVersityGW(context.Background(), kept, &embedgw.Config{
		RootUserAccess:    os.Getenv("ROOT_ACCESS_KEY"),
		RootUserSecret:    os.Getenv("ROOT_SECRET_KEY"),
		Ports:             []string{address},
		MaxConnections:    1000,
		MaxRequests:       500,
		MultipartMaxParts: 10000,
		KeepAlive:         true,
		Quiet:             true,
		HealthPath:        "/health",
	})
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func announce(address string, said *os.File) {
	for {
		answer, err := http.Get("http://" + address + "/health")
		if err == nil {
			answer.Body.Close()
			fmt.Fprintln(said, "http://"+address)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
