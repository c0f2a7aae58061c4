/* Screens of 80 columns, looked at line by line. */
#ifndef TESTS_UNIT_TUI_VIEW_SCREENS_H
#define TESTS_UNIT_TUI_VIEW_SCREENS_H

/* clang-format off */
#define OVERVIEW \
    " 10,406 rows in 24 h  9 waiting  4 quarantined  610 open rejects  1 unmatched\n" \
    "                 ▁▂▃▄▅▆▇█ hmrc rows in by hour, at most 140\n" \
    " DATASET     STATE            WAIT  FILES  BAD  ROWS 24H  LAST 24 H      OPEN\n" \
    " hmrc        overdue             0      1    0       406          ▁▃▅█      0\n" \
    " shop_sales  quarantined         2      3    4    10,000                  610\n" \
    " waits       held: migration     7      0    0         0                    0\n" \
    "\n" \
    "── Wants a look ────────────────────────────────────────────────────────────────\n" \
    " new            4 quarantined  610 rows rejected  2 requests  since 11-20 18:02\n" \
    " disk           2.0 GiB free, 2 % of the lake's disk\n" \
    " disk-full      01:00:00 bo has it: no space left\n" \
    " quarantined    4 files of shop_sales  3 shows why\n" \
    " overdue        since 03:00:00: the next file of hmrc\n" \
    " override       hmrc is read otherwise until 11-28 00:00\n" \
    " over           01:10:00 to 02:12:30  warehouse waits: it went on by itself\n" \
    " unmatched      raw/misc/<U+202E>notes.txt  no contract takes it\n"

#define PARTITIONS \
    " 10,406 rows delivered = 9,800 gold + 6 not in gold yet + 27 filtered + 573\n" \
    " open\n" \
    " every row is accounted for, once\n" \
    "\n" \
    " PARTITION        PROCESSED    GOLD  PENDING  DUPL.  DELETED  SUPERSEDED\n" \
    " date=2026-11-21      9,806   9,800        6      0        0           0\n"

#define PARTITIONS_UNEVEN \
    " 9 rows delivered = 6 gold\n" \
    " 3 rows are not accounted for\n" \
    "\n" \
    "\n" \
    " PARTITION        PROCESSED    GOLD  PENDING  DUPL.  DELETED  SUPERSEDED\n" \
    " No partition yet.\n"

#define RUNS \
    " RUN       OUTCOME      FILE                  ROWS   LOST     LOSS  STARTED\n" \
    " 90AGDPFK  loaded       2026-01-07.csv       3,000    226   7.53 %  02:41:35\n" \
    " 6YHEE5GQ  quarantined  2026-01-08.csv                  0           02:41:35\n"

#define RUN \
    " loaded  run 01M7XZP1WK3YCA3RHQ90AGDPFK   dataset shop_sales\n" \
    " file raw/sales/2026-01-07.csv\n" \
    " started 2026-11-21 02:41:35  in 13 ms    size 203.9 KiB    utf-8  'tab'  \"\n" \
    "\n" \
    " STAGE        ROWS                       LOST  WHY\n" \
    " parse       3,000                        -42\n" \
    "                                          -42  extra-cell: surplus\n" \
    " rules       2,958                 ▊     -184  27 filtered, as they are meant …\n" \
    "                                         -155  row-constraint positive_quantity\n" \
    "                                          -29  primary-key id: TX1 | TX2\n" \
    " write       2,747                ▋\n" \
    " written     2,747                             processed date=2026-01-07, 34.1…\n"

#define ROWS \
    "   ROW   LINE  RULE           id     name       price   (4)\n" \
    "     7      8  type-error     7      a^Gb       !12,50\n" \
    " 1,010  1,011  type-error +1  !x     \\xFE\\xFFa  1       !more\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    "── price ───────────────────────────────────────────────────────────────────────\n" \
    " value  12,50\n" \
    " hex    31 32 2c 35 30\n" \
    " why    is not a number\n"

#define ROWS_BYTES \
    "   ROW   LINE  RULE           id     name       price   (4)\n" \
    "     7      8  type-error     7      a^Gb       !12,50\n" \
    " 1,010  1,011  type-error +1  !x     \\xFE\\xFFa  1       !more\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    " ·\n" \
    "── name ────────────────────────────────────────────────────────────────────────\n" \
    " value  \\xFE\\xFFa\n" \
    " hex    fe ff 61\n" \
    " why    type-error  id: no integer\n" \
    "        extra-cell  a cell more\n"

#define REJECTS_SYSTEM \
    "  System  40 files    Data quality  39,812 rows\n" \
    "\n" \
    " CODE              FILES  OPEN  DATASET     STAGE     COLUMN  LAST RUN\n" \
    " too-many-rejects     40    38  shop_sales  parse             6YHEE5GQ\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This cause ──────────────────────────────────────────────────────────────────\n" \
    " 40 files,  38 still in quarantine\n" \
    " bo looks after it: asked<U+202E>them\n"

#define REJECTS_ROWS \
    "  System  40 files    Data quality  39,812 rows\n" \
    "\n" \
    " CODE            ROWS  OPEN    ONLY  COLUMN OR RULE  SAMPLES     DATASET\n" \
    " type-error    39,812    22  39,790  unit_price      n/a         shop_sales\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "\n" \
    "── This cause ──────────────────────────────────────────────────────────────────\n" \
    " 22 open  3 requested  39,787 recovered  0 discarded  0 returned\n" \
    " nobody looks after it; a tells others that you do\n"

#define REASON \
    " missing-label  raw/x.csv\n" \
    " the column unit_price is not there\n" \
    " › Map it to one that is, with --map 'Price EUR=unit_price', or ask the\n" \
    "   producer for the column that was agreed upon\n" \
    "── Reason ──────────────────────────────────────────────────────────────────────\n" \
    " - suggestions\n" \
    "   - 1\n" \
    "     + overrides   {\"map\":\"a\"}\n" \
    "       why         one label each\n" \
    "       would_pass  true\n" \
    "   samples         none\n" \
    "   dataset         d\n" \
    "   stage           parse\n" \
    "   version         1\n" \
    "   run_id          R\n" \
    " + file            {\"key\":\"raw/x.csv\",\"size\":5}\n" \
    "   retryable       false\n"

#define REASON_UNFOLDED \
    " missing-label  raw/x.csv\n" \
    " the column unit_price is not there\n" \
    " › Map it to one that is, with --map 'Price EUR=unit_price', or ask the\n" \
    "   producer for the column that was agreed upon\n" \
    "── Reason ──────────────────────────────────────────────────────────────────────\n" \
    " - suggestions\n" \
    "   - 1\n" \
    "     + overrides   {\"map\":\"a\"}\n" \
    "       why         one label each\n" \
    "       would_pass  true\n" \
    "   samples         none\n" \
    "   dataset         d\n" \
    "   stage           parse\n" \
    "   version         1\n" \
    "   run_id          R\n" \
    " - file\n" \
    "     key           raw/x.csv\n" \
    "     size          5\n" \
    "   retryable       false\n"

#define FREQUENCY \
    " 2 values in 100,000 rows, the first of 226,000\n" \
    "\n" \
    " VALUE             ROWS\n" \
    " n/a             75,000\n" \
    " (empty)         25,000\n"

/* clang-format on */

#endif
