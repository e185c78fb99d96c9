#include "base/code_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace tinderbox::base {

namespace {

int ReleaseObject(dl_phdr_info* object, size_t, void*) {
  // The kernel's own object has no file from which its pages could come back.
  if (std::string_view(object->dlpi_name).starts_with("linux-vdso")) return 0;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  bool relocated = false;
  const auto* dynamic = static_cast<const ElfW(Dyn)*>(nullptr);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + segment.p_vaddr);
  }
  // Text relocations are the one way in which the loader writes to what the program may not.
  for (; dynamic != nullptr && dynamic->d_tag != DT_NULL; ++dynamic) {
    relocated = relocated || dynamic->d_tag == DT_TEXTREL ||
                (dynamic->d_tag == DT_FLAGS && (dynamic->d_un.d_val & DF_TEXTREL) != 0);
  }
  if (relocated) return 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    // Whole pages only: the last one may be shared with what follows.
    const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    const uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_filesz) / page * page;
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // advice: it may fail
  }
  return 0;
}

}  // namespace

void ReleaseCodePages() {
  dl_iterate_phdr(ReleaseObject, nullptr);
}

}  // namespace tinderbox::base
