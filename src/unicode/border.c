/*
 * border.c - where graphemes, words and sentences end.
 *
 * In:  a text, character by character; ill-formed UTF-8 reads as U+FFFD.
 * Out: what is between one and the next.
 *
 * A sentence ends behind a mark such as . ! ? and the quotes and brackets that
 * close there, if white space follows, and at a line break.  White space
 * belongs to what stands before it; at the start of a text to the first word.
 * The marks of Chinese and Japanese need no white space:
 *
 *     Is it 3.5?  "Yes."  So | what     three sentences
 *     「はい。」そうです。                  two
 *
 * Marks are those with Sentence_Terminal in Unicode 14, and the ellipsis.  What
 * only ends an abbreviation is not told apart.  A character that continues a
 * cluster, such as an accent, changes nothing: a cluster is what its first
 * character is.
 *
 * Clusters are utf8proc's, of the Unicode that it knows.  A cluster that does
 * not end costs nothing but time: nothing is read ahead.
 */
#include "unicode/border.h"

#include <utf8proc.h>
#include "base/utf8.h"

/* What characters are to the rules above. */
typedef enum Kind {
  KIND_OTHER,
  KIND_SPACE,
  KIND_LINE,      /* white space that ends a line */
  KIND_STOP,      /* ends a sentence before white space */
  KIND_FULL_STOP, /* ends one anyway */
  KIND_CLOSE,     /* closes what was quoted or in brackets */
  KIND_QUOTE      /* opens a quotation, and in some languages closes one */
} Kind;

/* BorderScan.sentence */
enum { RUNNING, STOPPED, FULL_STOPPED, OVER };

static const unsigned char ascii[128] = {
    ['\t'] = KIND_SPACE, [' '] = KIND_SPACE,  ['\n'] = KIND_LINE,
    ['\v'] = KIND_LINE,  ['\f'] = KIND_LINE,  ['\r'] = KIND_LINE,
    ['.'] = KIND_STOP,   ['!'] = KIND_STOP,   ['?'] = KIND_STOP,
    ['"'] = KIND_CLOSE,  ['\''] = KIND_CLOSE, [')'] = KIND_CLOSE,
    [']'] = KIND_CLOSE,  ['}'] = KIND_CLOSE,
};

typedef struct Range {
  uint32_t first, last;
} Range;

/* Beyond ASCII. */
static const Range stops[] = {
    {0x589, 0x589},     {0x61d, 0x61f},     {0x6d4, 0x6d4},
    {0x700, 0x702},     {0x7f9, 0x7f9},     {0x837, 0x837},
    {0x839, 0x839},     {0x83d, 0x83e},     {0x964, 0x965},
    {0x104a, 0x104b},   {0x1362, 0x1362},   {0x1367, 0x1368},
    {0x166e, 0x166e},   {0x1735, 0x1736},   {0x1803, 0x1803},
    {0x1809, 0x1809},   {0x1944, 0x1945},   {0x1aa8, 0x1aab},
    {0x1b5a, 0x1b5b},   {0x1b5e, 0x1b5f},   {0x1b7d, 0x1b7e},
    {0x1c3b, 0x1c3c},   {0x1c7e, 0x1c7f},   {0x2026, 0x2026},
    {0x203c, 0x203d},   {0x2047, 0x2049},   {0x2e2e, 0x2e2e},
    {0x2e3c, 0x2e3c},   {0x2e53, 0x2e54},   {0x3002, 0x3002},
    {0xa4ff, 0xa4ff},   {0xa60e, 0xa60f},   {0xa6f3, 0xa6f3},
    {0xa6f7, 0xa6f7},   {0xa876, 0xa877},   {0xa8ce, 0xa8cf},
    {0xa92f, 0xa92f},   {0xa9c8, 0xa9c9},   {0xaa5d, 0xaa5f},
    {0xaaf0, 0xaaf1},   {0xabeb, 0xabeb},   {0xfe52, 0xfe52},
    {0xfe56, 0xfe57},   {0xff01, 0xff01},   {0xff0e, 0xff0e},
    {0xff1f, 0xff1f},   {0xff61, 0xff61},   {0x10a56, 0x10a57},
    {0x10f55, 0x10f59}, {0x10f86, 0x10f89}, {0x11047, 0x11048},
    {0x110be, 0x110c1}, {0x11141, 0x11143}, {0x111c5, 0x111c6},
    {0x111cd, 0x111cd}, {0x111de, 0x111df}, {0x11238, 0x11239},
    {0x1123b, 0x1123c}, {0x112a9, 0x112a9}, {0x1144b, 0x1144c},
    {0x115c2, 0x115c3}, {0x115c9, 0x115d7}, {0x11641, 0x11642},
    {0x1173c, 0x1173e}, {0x11944, 0x11944}, {0x11946, 0x11946},
    {0x11a42, 0x11a43}, {0x11a9b, 0x11a9c}, {0x11c41, 0x11c42},
    {0x11ef7, 0x11ef8}, {0x16a6e, 0x16a6f}, {0x16af5, 0x16af5},
    {0x16b37, 0x16b38}, {0x16b44, 0x16b44}, {0x16e98, 0x16e98},
    {0x1bc9f, 0x1bc9f}, {0x1da88, 0x1da88},
};
enum { N_STOPS = sizeof stops / sizeof *stops };

/* Of punctuation that neither opens nor closes. */
static Kind stop_kind(uint32_t code) {
  size_t low = 0, high = N_STOPS;
  while (low < high) { /* the first range that does not end before code */
    size_t middle = (low + high) / 2;
    if (stops[middle].last < code)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == N_STOPS || code < stops[low].first)
    return KIND_OTHER;
  return code == 0x3002 || code >> 8 == 0xff || code >> 4 == 0xfe5
             ? KIND_FULL_STOP
             : KIND_STOP;
}

static Kind kind_of(uint32_t code) {
  if (code < 0x80)
    return (Kind)ascii[code];
  switch (utf8proc_category((utf8proc_int32_t)code)) {
  case UTF8PROC_CATEGORY_ZS:
    return KIND_SPACE;
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return KIND_LINE;
  case UTF8PROC_CATEGORY_CC:
    return code == 0x85 ? KIND_LINE : KIND_OTHER;
  case UTF8PROC_CATEGORY_PE:
  case UTF8PROC_CATEGORY_PF:
    return KIND_CLOSE;
  case UTF8PROC_CATEGORY_PI:
    return KIND_QUOTE;
  case UTF8PROC_CATEGORY_PO:
    return stop_kind(code);
  default:
    return KIND_OTHER;
  }
}

static bool is_blank(Kind kind) {
  return kind == KIND_SPACE || kind == KIND_LINE;
}

/* Does a cluster begin with the next character? Nothing that stands before an
 * ASCII character matters to what stands behind it. */
static bool begins_cluster(BorderScan *s, uint32_t before) {
  if (before < 0x80)
    s->cluster = 0;
  if (before < 0x80 && s->code < 0x80)
    return !(before == '\r' && s->code == '\n');
  return utf8proc_grapheme_break_stateful(
      (utf8proc_int32_t)before, (utf8proc_int32_t)s->code, &s->cluster);
}

static Border border_before(const BorderScan *s, Kind kind) {
  if (is_blank(kind) || !s->begun)
    return BORDER_GRAPHEME;
  bool opens = kind == KIND_OTHER || kind == KIND_QUOTE;
  if (s->sentence == OVER || (s->sentence == FULL_STOPPED && opens))
    return BORDER_SENTENCE;
  return s->blank ? BORDER_WORD : BORDER_GRAPHEME;
}

static int read_on(int sentence, Kind kind) {
  switch (kind) {
  case KIND_LINE:
    return OVER;
  case KIND_SPACE:
    return sentence == RUNNING ? RUNNING : OVER;
  case KIND_STOP:
    return sentence == FULL_STOPPED ? FULL_STOPPED : STOPPED;
  case KIND_FULL_STOP:
    return FULL_STOPPED;
  case KIND_CLOSE:
    return sentence == OVER ? RUNNING : sentence;
  case KIND_QUOTE:
    return sentence == STOPPED ? STOPPED : RUNNING;
  default:
    return RUNNING;
  }
}

static void take(BorderScan *s, Kind kind) {
  s->sentence = (uint8_t)read_on(s->sentence, kind);
  s->blank = is_blank(kind);
  s->begun |= !s->blank;
}

static void look(BorderScan *s) {
  s->length = (uint8_t)utf8_decode(s->text, s->bytes, s->at, &s->code);
}

void border_begin(BorderScan *s, const char *text, size_t bytes) {
  *s = (BorderScan){.text = text, .bytes = bytes};
  if (bytes == 0)
    return;
  look(s);
  take(s, kind_of(s->code));
}

Border border_step(BorderScan *s) {
  uint32_t before = s->code;
  s->at += s->length;
  s->chars++;
  if (s->at == s->bytes)
    return BORDER_SENTENCE;
  look(s);
  if (!begins_cluster(s, before))
    return BORDER_NONE;
  Kind kind = kind_of(s->code);
  Border border = border_before(s, kind);
  take(s, kind);
  return border;
}
