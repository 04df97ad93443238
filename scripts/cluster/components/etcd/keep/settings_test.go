package keep

import (
	"slices"
	"testing"
)

var flags = []string{
	"--name=etcd-1",
	"--data-dir=/data",
	"--initial-cluster-token=selvedge",
	"--initial-cluster=etcd-0=https://a:2380,etcd-1=https://b:2380",
	"--listen-peer-urls=https://0.0.0.0:2380",
}

func TestTheMembersAreReadOffEtcdsOwnFlags(t *testing.T) {
	s, err := read(flags)
	if err != nil {
		t.Fatal(err)
	}
	if want := (peer{"etcd-1", "https://b:2380"}); s.me != want {
		t.Errorf("it is %v, want %v", s.me, want)
	}
	if want := []peer{{"etcd-0", "https://a:2380"}}; !slices.Equal(s.others(), want) {
		t.Errorf("the others are %v, want %v", s.others(), want)
	}
}

func TestWhoIsNoMemberIsRefused(t *testing.T) {
	if _, err := read(append([]string{"--name=else"}, flags[1:]...)); err == nil {
		t.Error("it was taken")
	}
}

func TestEtcdIsToldTheMembersThereAreAndKeepsItsOtherFlags(t *testing.T) {
	s, err := read(flags)
	if err != nil {
		t.Fatal(err)
	}
	got := s.starting([]peer{s.me}, "existing")
	want := []string{
		"--name=etcd-1",
		"--data-dir=/data",
		"--initial-cluster-token=selvedge",
		"--listen-peer-urls=https://0.0.0.0:2380",
		"--initial-cluster=etcd-1=https://b:2380",
		"--initial-cluster-state=existing",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
