-- Nothing changes in the tables. But what makes otherwise what the others know (store/facts.go)
-- must make them forget it, which programs built before do not: with this they refuse the
-- store.
UPDATE dcq_meta SET latest = latest;
