// etcd; etcdctl when the binary is started under that name, for the client shares the server's code, and
// probes inside the image use it; and `etcd keep`, which is etcd under a keeper.
package main

import (
	"os"
	"path/filepath"

	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/server/v3/etcdmain"

	"selvedge.dev/cluster/etcd/keep"
)

func main() {
	switch {
	case filepath.Base(os.Args[0]) == "etcdctl":
		ctlv3.MustStart()
	case len(os.Args) > 1 && os.Args[1] == "keep":
		keep.Main(os.Args[0], os.Args[2:])
	default:
		etcdmain.Main(os.Args)
	}
}
