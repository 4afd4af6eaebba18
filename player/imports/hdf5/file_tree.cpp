#include "player/imports/hdf5/file_tree.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace zbag::hdf5::reading {
namespace {

struct Link {
  std::string name;
  H5L_type_t type;
};
struct Links {
  std::vector<Link> found;
  std::size_t room;
};

herr_t take_link(hid_t, const char* name, const H5L_info_t* about, void* into) {
  Links& links = *static_cast<Links*>(into);
  if (links.found.size() == links.room) return 1;
  links.found.push_back({name, about->type});
  return 0;
}

class Walk {
 public:
  explicit Walk(const SourceFile& file) : file_(file) {}

  Result<FileTree> all() {
    const Id root = file_.object({});
    if (!root.is_open()) return file_.fault({});
    if (!visit(root)) return file_.fault({});
    if (Status added = add(root, {}, 0, 0); !added) return tl::unexpected(added.error());
    return std::move(tree_);
  }

 private:
  // Whether it is seen for the first time; so is none that does not say where it is.
  bool visit(const Id& group) {
    H5O_info_t about{};
    return hdf5().H5Oget_info2(group.get(), &about, H5O_INFO_BASIC) >= 0 &&
           visited_.insert(about.addr).second;
  }

  tl::unexpected<Error> too_many() const {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: it has more than {} objects, or longer names than are read",
                            file_.path(), FileTree::kLinksMax));
  }

  // Those of its groups that do not know in what order they were made are taken by their names.
  Result<std::vector<Link>> links_of(const Id& group, const std::string& path) {
    H5G_info_t about{};
    if (hdf5().H5Gget_info(group.get(), &about) < 0) return file_.fault(path);
    const std::size_t room = FileTree::kLinksMax - links_;
    if (about.nlinks > room) return too_many();
    for (const H5_index_t by : {H5_INDEX_CRT_ORDER, H5_INDEX_NAME}) {
      Links links{.found = {}, .room = room};
      const herr_t done =
          hdf5().H5Literate(group.get(), by, H5_ITER_INC, nullptr, take_link, &links);
      if (done > 0) return too_many();
      if (done < 0) continue;
      links_ += links.found.size();
      for (const Link& link : links.found) name_bytes_ += path.size() + link.name.size();
      if (name_bytes_ > FileTree::kNameBytesMax) return too_many();
      return std::move(links.found);
    }
    return file_.fault(path);
  }

  Status add(const Id& group, std::string path, std::size_t parent, std::size_t depth) {
    const std::size_t own = tree_.groups.size();
    tree_.groups.push_back({.path = std::move(path), .parent = parent, .sets = {}});
    const Result<std::vector<Link>> links = links_of(group, tree_.groups[own].path);
    if (!links) return tl::unexpected(links.error());
    for (const Link& link : *links) {
      if (Status added = add(link, own, depth); !added) return added;
    }
    return {};
  }

  Status add(const Link& link, std::size_t own, std::size_t depth) {
    std::string path = path_in(tree_.groups[own].path, link.name);
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT) {
      tree_.passed.push_back(file_.place(path) + ": a link to another file, which is not followed");
      return {};
    }
    const bool is_soft = link.type == H5L_TYPE_SOFT;
    const Id object = file_.object(path);
    if (!object.is_open()) {
      const Error error = file_.fault(path).value();
      auto& told = is_soft ? tree_.passed : tree_.unreadable;
      told.push_back(error.message + ": it is left out");
      return {};
    }
    const H5I_type_t type = hdf5().H5Iget_type(object.get());
    if (type == H5I_DATASET) tree_.groups[own].sets.push_back(link.name);
    if (type != H5I_GROUP || is_soft || !visit(object)) return {};
    if (depth + 1 < FileTree::kDepthMax) return add(object, std::move(path), own, depth + 1);
    return fail(ErrorCode::kUnsupported, fmt::format("{}: groups are more than {} deep",
                                                     file_.place(path), FileTree::kDepthMax));
  }

  const SourceFile& file_;
  FileTree tree_;
  std::set<haddr_t> visited_;
  std::size_t links_ = 0;
  std::size_t name_bytes_ = 0;
};

}  // namespace

Result<FileTree> tree_of(const SourceFile& file) { return Walk(file).all(); }

}  // namespace zbag::hdf5::reading
