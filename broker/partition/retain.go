package partition

// retain deletes the oldest segments that are before the start of the log or, where the settings say delete, too old or too many. The active one is closed and
// deleted, too, if it is due and nothing is left before it: the log is empty then and goes on where it was.
func (l *Log) retain(cfg *Config, now int64) (freed int64, err error) {
	closed := l.closedSegments()
	n, err := l.due(closed, cfg, now)
	if err != nil {
		return 0, err
	}
	if n == len(closed) && cfg.Delete {
		rolled, err := l.rollDue(cfg, now)
		if err != nil {
			return 0, err
		}
		if rolled {
			n++
		}
	}
	return l.drop(n)
}

// due is how many of the closed segments are to be deleted.
func (l *Log) due(closed []*segment, cfg *Config, now int64) (n int, err error) {
	l.mu.Lock()
	start, left := l.start, l.size
	l.mu.Unlock()
	for _, s := range closed {
		left += s.size
	}
	for _, s := range closed {
		gone := s.end <= start
		if !gone && cfg.Delete {
			gone = cfg.RetentionBytes >= 0 && left-s.size >= cfg.RetentionBytes
			if !gone && cfg.RetentionAge >= 0 {
				latest, err := l.latest(s)
				if err != nil {
					return 0, err
				}
				gone = now-latest > cfg.RetentionAge.Milliseconds()
			}
		}
		if !gone {
			break
		}
		left -= s.size
		n++
	}
	return n, nil
}

// latest is the greatest timestamp of a closed segment, or when its file was last written if its records have none.
func (l *Log) latest(s *segment) (int64, error) {
	if s.maxTime >= 0 || s.size == 0 {
		return s.maxTime, nil
	}
	info, err := l.env.FS.Stat(l.path(s.logName()))
	if err != nil {
		return 0, err
	}
	return info.ModTime().UnixMilli(), nil
}

// rollDue closes the active segment if all of its records are older than they may be, or none may be kept.
func (l *Log) rollDue(cfg *Config, now int64) (bool, error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	if err := l.writable(); err != nil || l.size == 0 {
		return false, err
	}
	x := l.tail
	if x == nil {
		var err error
		if x, err = l.loadIndex(l.active, l.size); err != nil {
			return false, err
		}
	}
	latest := x.maxTime
	if latest < 0 {
		latest = l.born // its records have no time: when they came
	}
	if cfg.RetentionBytes != 0 && (cfg.RetentionAge < 0 || now-latest <= cfg.RetentionAge.Milliseconds()) {
		return false, nil
	}
	if err := l.wakeActive(cfg); err != nil {
		return false, err
	}
	return true, l.roll(now)
}
