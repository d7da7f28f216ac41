package schemas

import "time"

// parseTime reads the times that sources write: a date, a space or T, the time
// of day with up to nine digits of fraction, and a zone (Z or an offset) or
// none, which is UTC. zoned says that there was one. It allocates nothing.
func parseTime(b []byte) (t time.Time, zoned, ok bool) {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	number := func(from, to int) int {
		n := 0
		for _, c := range b[from:to] {
			if c-'0' > 9 {
				return -1 << 30
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return t, false, false
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return t, false, false
	}
	i, nanos := 19, 0
	if i < len(b) && (b[i] == '.' || b[i] == ',') {
		scale := 100_000_000
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			nanos += int(b[i]-'0') * scale
			scale /= 10
		}
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	for i < len(b) && b[i] == ' ' {
		i++
	}
	switch {
	case i == len(b):
		return t, false, true
	case b[i] == 'Z' && i+1 == len(b), string(b[i:]) == "UTC":
		return t, true, true
	case b[i] != '+' && b[i] != '-':
		return t, false, false
	}
	h, m := 0, 0
	switch len(b) - i {
	case 6:
		h, m = number(i+1, i+3), number(i+4, i+6)
	case 5:
		h, m = number(i+1, i+3), number(i+3, i+5)
	default:
		h = -1
	}
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return t, false, false
	}
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[i] == '+' {
		offset = -offset
	}
	return t.Add(offset), true, true
}
