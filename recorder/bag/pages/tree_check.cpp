#include "recorder/bag/pages/tree_check.hpp"

#include "recorder/bag/pages/free_pages.hpp"
#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"

namespace zbag {

Status check_trees(const std::string& path, const MetaPages& meta, TreeUse use) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  file->expect_jumps();
  const PageFile pages(file->bytes(), meta.page_bytes);
  const bool is_written = use == TreeUse::kWrite;
  PageWalk walk(pages, meta.last_page + 1,
                is_written ? PageWalk::LargeValues::kRead : PageWalk::LargeValues::kPlaced);
  if (const Status status = walk.run(meta.main_root, {}); !status)
    return fail(status.error(), path);
  if (is_written && meta.free_root != PageFile::kNoPage && !can_be_read(pages, meta.free_root))
    return fail(ErrorCode::kDamaged, path + ": the list of free pages is not sound");
  return {};
}

}  // namespace zbag
