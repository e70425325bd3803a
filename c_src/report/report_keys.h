/**
 * @file report_keys.h
 * Keys that several objects of the reports have in common. The keys of a
 * recording are in PROFILE_META of profile/profile.h. Every other key appears
 * once, where its value is written (`make lint` checks that).
 */
#ifndef CPROF_REPORT_REPORT_KEYS_H
#define CPROF_REPORT_REPORT_KEYS_H

#define KEY_ALLOCATED    "allocated_bytes"
#define KEY_APPLICATION  "application"
#define KEY_ASKS         "asks"
#define KEY_BASE         "base"
#define KEY_BLOCKED_NS   "blocked_ns"
#define KEY_BYTES        "bytes"
#define KEY_CHILD_ID     "child_id"
#define KEY_CIRCLE       "circle"
#define KEY_COUNT        "count"
#define KEY_COUNTED      "counted"
#define KEY_CPU_NS       "cpu_ns"
#define KEY_EXAMINED     "examined"
#define KEY_FILE         "file"
#define KEY_FRAMES       "frames"
#define KEY_FUNCTION     "function"
#define KEY_FUNCTIONS    "functions"
#define KEY_GROUPS       "groups"
#define KEY_INITIAL_CALL "initial_call"
#define KEY_KIND         "kind"
#define KEY_LINE         "line"
#define KEY_META         "meta"
#define KEY_NAME         "name"
#define KEY_NORMAL_NS    "normal_ns"
#define KEY_NOW          "now"
#define KEY_OWN          "own"
#define KEY_PROCESS      "process"
#define KEY_PROCESSES    "processes"
#define KEY_SAMPLES      "samples"
#define KEY_SELF         "self"
#define KEY_SENTENCE     "sentence"
#define KEY_SITES        "sites"
#define KEY_STATE        "state"
#define KEY_STATES       "states"
#define KEY_TIMES        "times"
#define KEY_TOP          "top"
#define KEY_TOTAL        "total"
#define KEY_VERSION      "version"
#define KEY_WAITING      "waiting"
#define KEY_WAITS        "waits"

#endif
