package schemas

import "time"

// parseTime reads the times that sources write: a date, a space or T, the time
// of day with up to nine digits of fraction, and a zone (Z or an offset) or
// none, which is UTC; or a number, see parseEpoch. zoned says that there was a
// zone or no need of one. It allocates nothing.
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
	if len(b) < 5 || b[4] != '-' {
		t, ok = parseEpoch(b)
		return t, ok, ok
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

// parseEpoch reads a time given as a number. Its unit is told by its size, as
// any time of this century has as many digits: seconds since 1970 up to 11 of
// them, milliseconds up to 14, microseconds up to 17, nanoseconds 19; with 18
// it is a FILETIME, of 100 nanoseconds since 1601 [MS-DTYP 2.3.3]. There may be
// a fraction.
func parseEpoch(b []byte) (t time.Time, ok bool) {
	digits, fraction, scale := 0, int64(0), int64(1)
	n := int64(0)
	for digits < len(b) && b[digits]-'0' <= 9 && digits < 19 {
		n = n*10 + int64(b[digits]-'0')
		digits++
	}
	rest := b[digits:]
	if digits == 0 || n <= 0 {
		return t, false
	}
	if len(rest) > 0 && rest[0] == '.' {
		for rest = rest[1:]; len(rest) > 0 && rest[0]-'0' <= 9; rest = rest[1:] {
			if scale < 1e9 {
				fraction, scale = fraction*10+int64(rest[0]-'0'), scale*10
			}
		}
	}
	if len(rest) > 0 {
		return t, false
	}
	unit := int64(time.Nanosecond)
	switch {
	case digits <= 11:
		unit = int64(time.Second)
	case digits <= 14:
		unit = int64(time.Millisecond)
	case digits <= 17:
		unit = int64(time.Microsecond)
	case digits == 18:
		const epoch = 11_644_473_600 // from 1601 to 1970, in seconds
		return time.Unix(n/1e7-epoch, n%1e7*100).UTC(), true
	}
	perSecond := int64(time.Second) / unit
	return time.Unix(n/perSecond, n%perSecond*unit+fraction*unit/scale).UTC(), true
}
