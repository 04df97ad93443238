package keep

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// For one question, and for a change of the members.
const (
	toAnswer = 2 * time.Second
	toChange = 5 * time.Second
)

// cluster is those others that know of one; the client is nil when none does.
type cluster struct {
	client *clientv3.Client
}

// ask asks every other member what it knows, at the address where etcd tells its peers the members (`/members`). One
// that waits as this one does knows of none.
func ask(ctx context.Context, s settings) ([]Said, cluster) {
	others := s.others()
	said := make([]Said, len(others))
	urls := make([][]string, len(others))
	config := configOf(s.peerTLS)
	var asking sync.WaitGroup
	for n, other := range others {
		asking.Add(1)
		go func() {
			defer asking.Done()
			said[n], urls[n] = membersAt(ctx, config, other)
		}()
	}
	asking.Wait()
	var endpoints []string
	for n := range others {
		endpoints = append(endpoints, urls[n]...)
	}
	if len(endpoints) == 0 {
		return said, cluster{}
	}
	client, err := clientv3.New(clientv3.Config{
		Context:     ctx,
		Endpoints:   endpoints,
		DialTimeout: toAnswer,
		TLS:         configOf(s.clientTLS),
		Logger:      zap.NewNop(),
	})
	if err != nil {
		return said, cluster{}
	}
	return said, cluster{client}
}

// membersAt asks one member. It gives what the member says, and where it serves clients.
func membersAt(ctx context.Context, config *tls.Config, other peer) (Said, []string) {
	ctx, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, other.url+"/members", nil)
	if err != nil {
		return Silent, nil
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return Silent, nil
	}
	defer answer.Body.Close()
	var members []struct {
		PeerURLs   []string `json:"peerURLs"`
		ClientURLs []string `json:"clientURLs"`
	}
	if answer.StatusCode != 200 || json.NewDecoder(answer.Body).Decode(&members) != nil {
		return Silent, nil
	}
	if len(members) == 0 {
		return Empty, nil
	}
	for _, member := range members {
		if len(member.PeerURLs) > 0 && member.PeerURLs[0] == other.url {
			return Kept, member.ClientURLs
		}
	}
	return Kept, nil
}

// configOf is nil where there is no certificate: then nothing is encrypted (tests only).
func configOf(info transport.TLSInfo) *tls.Config {
	if info.Empty() {
		return nil
	}
	config, err := info.ClientConfig()
	if err != nil {
		// Without its certificate it is refused, and asks again.
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return config
}

func (c cluster) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
}

// members gives what a majority has: who has no leader answers nothing.
func (c cluster) members(ctx context.Context) []Member {
	if c.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	answer, err := c.client.MemberList(ctx)
	if err != nil {
		return nil
	}
	var members []Member
	for _, member := range answer.Members {
		members = append(members, Member{member.ID, urlOf(member), member.IsLearner})
	}
	return members
}

func urlOf(member *etcdserverpb.Member) string {
	return strings.Join(member.PeerURLs, ",")
}

func (c cluster) remove(ctx context.Context, id uint64) error {
	ctx, cancel := context.WithTimeout(ctx, toChange)
	defer cancel()
	_, err := c.client.MemberRemove(ctx, id)
	return err
}

// add makes a member without a vote. etcd takes one at a time.
func (c cluster) add(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, toChange)
	defer cancel()
	_, err := c.client.MemberAddAsLearner(ctx, []string{url})
	return err
}

// hasVote says whether a member has a vote, and asks for it where it has none.
func (c cluster) hasVote(ctx context.Context, url string) bool {
	for _, member := range c.members(ctx) {
		if member.PeerURL != url {
			continue
		}
		if !member.Learner {
			return true
		}
		ctx, cancel := context.WithTimeout(ctx, toChange)
		defer cancel()
		// Refused until it has caught up.
		_, err := c.client.MemberPromote(ctx, member.ID)
		return err == nil
	}
	return false
}
