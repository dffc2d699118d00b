package sync

import "github.com/dcq-go/dcq/store"

func checkThrottles(*store.Tx) ([]string, error) { return nil, nil }
