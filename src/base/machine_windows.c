/*
 * machine_windows.c - CPUs and memory, as Windows counts and gives them.
 *
 * Out: what cpu.c, ram.c and the end of memory.c are elsewhere.
 *
 * Jobs, which containers are there, may have quotas of both: they are not
 * looked at.
 */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include "base/memory.h"
#include "base/pool.h"
#include "base/ram.h"

/* Those of its group that this process may use. */
size_t cpu_available(void) {
  DWORD_PTR ours = 0, all = 0;
  SYSTEM_INFO info;
  if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all) && ours)
    return (size_t)__builtin_popcountll(ours);
  GetSystemInfo(&info);
  return info.dwNumberOfProcessors;
}

size_t ram_available(void) {
  MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
  return GlobalMemoryStatusEx(&memory) ? (size_t)memory.ullTotalPhys : SIZE_MAX;
}

void *pages_alloc(size_t bytes) {
  return VirtualAlloc(NULL, bytes ? bytes : 1, MEM_RESERVE | MEM_COMMIT,
                      PAGE_READWRITE);
}

void pages_free(void *block, size_t bytes) {
  (void)bytes;
  if (block)
    VirtualFree(block, 0, MEM_RELEASE);
}
#else
typedef int machine_windows_unused;
#endif
