package keep

import (
	"context"
	"errors"
	"log"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Between two looks at the space: when nothing is to be done, when something was, and when nothing helps.
const (
	seldom = 30 * time.Second
	often  = 2 * time.Second
	rest   = 10 * time.Minute
)

var errStillFull = errors.New("it is full of what counts: erase data, or raise --quota-backend-bytes")

// toDefragment is for a gigabyte on a slow disk.
const toDefragment = 5 * time.Minute

// tend keeps the store from filling: what is free within it, etcd alone gives to nobody else, and one that was full
// once refuses writes for good.
func tend(ctx context.Context, s settings) {
	for {
		pause := seldom
		if care, err := tendOnce(ctx, s); err != nil {
			log.Printf("%v: %v", care, err)
			if errors.Is(err, errStillFull) {
				pause = rest
			}
		} else if care != Leave {
			pause = often
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func tendOnce(ctx context.Context, s settings) (Care, error) {
	_, c := ask(ctx, s)
	defer c.close()
	if c.client == nil {
		return Leave, nil
	}
	me, endpoint, stores, err := c.stores(ctx, s.me.url)
	if err != nil {
		return Leave, err
	}
	care := Tend(me, stores)
	if care != Leave {
		log.Println(care)
	}
	switch care {
	case Defragment:
		err = c.defragment(ctx, endpoint)
	case MakeRoom:
		err = c.makeRoom(ctx, endpoint)
	case Allow:
		err = c.allow(ctx, stores)
	}
	return care, err
}

// stores asks every member, and gives with that which of them has the URL and where it serves clients.
func (c cluster) stores(ctx context.Context, url string) (me uint64, endpoint string, stores []Store, err error) {
	listing, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	listed, err := c.client.MemberList(listing)
	if err != nil {
		return 0, "", nil, err
	}
	full, err := c.full(ctx)
	if err != nil {
		return 0, "", nil, err
	}
	for _, member := range listed.Members {
		if urlOf(member) == url && len(member.ClientURLs) > 0 {
			me, endpoint = member.ID, member.ClientURLs[0]
		}
		store := c.store(ctx, member)
		store.Full = full[member.ID]
		stores = append(stores, store)
	}
	return me, endpoint, stores, nil
}

func (c cluster) store(ctx context.Context, member *etcdserverpb.Member) Store {
	if len(member.ClientURLs) == 0 {
		return Store{ID: member.ID, Silent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	status, err := c.client.Status(ctx, member.ClientURLs[0])
	if err != nil {
		return Store{ID: member.ID, Silent: true}
	}
	return Store{
		ID:    member.ID,
		Leads: status.Leader == member.ID,
		Size:  status.DbSize,
		InUse: status.DbSizeInUse,
		Quota: status.DbSizeQuota,
	}
}

// full gives the members that have raised the alarm.
func (c cluster) full(ctx context.Context) (map[uint64]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	listed, err := c.client.AlarmList(ctx)
	if err != nil {
		return nil, err
	}
	full := map[uint64]bool{}
	for _, alarm := range listed.Alarms {
		full[alarm.MemberID] = full[alarm.MemberID] || alarm.Alarm == etcdserverpb.AlarmType_NOSPACE
	}
	return full, nil
}

func (c cluster) makeRoom(ctx context.Context, endpoint string) error {
	if err := c.compact(ctx, endpoint); err != nil {
		return err
	}
	if err := c.defragment(ctx, endpoint); err != nil {
		return err
	}
	if store := c.store(ctx, &etcdserverpb.Member{ClientURLs: []string{endpoint}}); !store.Silent && store.isTight() {
		return errStillFull
	}
	return nil
}

// compact forgets what every key was before now.
func (c cluster) compact(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, toDefragment)
	defer cancel()
	status, err := c.client.Status(ctx, endpoint)
	if err != nil {
		return err
	}
	_, err = c.client.Compact(ctx, status.Header.Revision, clientv3.WithCompactPhysical())
	if errors.Is(err, rpctypes.ErrCompacted) {
		return nil
	}
	return err
}

func (c cluster) defragment(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, toDefragment)
	defer cancel()
	_, err := c.client.Defragment(ctx, endpoint)
	return err
}

func (c cluster) allow(ctx context.Context, stores []Store) error {
	ctx, cancel := context.WithTimeout(ctx, toChange)
	defer cancel()
	for _, store := range stores {
		if !store.Full {
			continue
		}
		alarm := clientv3.AlarmMember{MemberID: store.ID, Alarm: etcdserverpb.AlarmType_NOSPACE}
		if _, err := c.client.AlarmDisarm(ctx, &alarm); err != nil {
			return err
		}
	}
	return nil
}
