// kube-router, as its own main does it, without the profiler that upstream serves.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/cloudnativelabs/kube-router/v2/pkg/cmd"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

func run() error {
	klog.InitFlags(nil)
	config := options.NewKubeRouterConfig()
	config.AddFlags(pflag.CommandLine)
	pflag.Parse()
	if err := flag.CommandLine.Parse(nil); err != nil { // else klog warns about each line
		return err
	}
	if err := flag.Set("v", config.VLevel); err != nil {
		return err
	}
	router, err := cmd.NewKubeRouterDefault(config)
	if err != nil {
		return err
	}
	return router.Run()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
