#include "engine/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/translate/sql.h"

namespace tinderbox::engine {

namespace {

/// Bytes of a row apart from its texts, and the SQL of the bytes of its texts.
Sql RowBytes(const std::vector<OutputColumn>& columns) {
  long long fixed = 0;
  std::vector<Sql> terms;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Sql column = Ident(fmt::format("c{}", i));
    const TypeKind kind = columns[i].type.kind();
    fixed += kind == TypeKind::kDecimal ? 16 : 8;
    if (kind == TypeKind::kString) terms.push_back(Call("coalesce", {Call("strlen", {column}), Token("0")}));
    if (kind == TypeKind::kBinary) terms.push_back(Call("coalesce", {Call("octet_length", {column}), Token("0")}));
    if (columns[i].type.IsNested()) {
      terms.push_back(
          Call("coalesce", {Call("strlen", {Concat({Token("CAST("), column, Token(" AS VARCHAR)")})}), Token("0")}));
    }
  }
  terms.push_back(IntegerLiteral(fixed));
  return Join(terms, " + ");
}

bool IsOrHolds(const std::string& folder, const std::string& path) {
  return path == folder || (path.starts_with(folder) && (folder.ends_with('/') || path[folder.size()] == '/'));
}

}  // namespace

StoredRows::StoredRows(Database& database, std::string name, const Lease& lease, const TranslatedRelation& query)
    : database_(database), name_(std::move(name)), columns_(query.columns.size()) {
  std::vector<Sql> names;
  for (size_t i = 0; i < std::max<size_t>(columns_, 1); ++i) names.push_back(Ident(fmt::format("c{}", i)));
  lease->Run(
      Concat({Token("CREATE TABLE "), Ident(name_), Token("("), Join(names, ", "), Token(") AS\n"), query.sql}).text());
  try {
    const std::string bytes = lease->Text(Concat({Token("SELECT CAST(CAST(coalesce(sum("), RowBytes(query.columns),
                                                  Token("), 0) AS BIGINT) AS VARCHAR) FROM "), Ident(name_)})
                                              .text());
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), bytes_);
  } catch (...) {
    lease->Run(Concat({Token("DROP TABLE "), Ident(name_)}).text());
    throw;
  }
}

StoredRows::~StoredRows() {
  try {
    database_.Connect()->Run(Concat({Token("DROP TABLE IF EXISTS "), Ident(name_)}).text());
  } catch (...) {
    // The rows go with the database.
  }
}

Sql StoredRows::Read(const std::vector<OutputColumn>& columns) const {
  std::vector<Sql> items;
  for (size_t i = 0; i < columns.size(); ++i) {
    items.push_back(Concat({Ident(fmt::format("c{}", i)), Token(" AS "), Ident(columns[i].id)}));
  }
  if (items.empty()) items.push_back(Ident("c0"));
  return Concat({Token("SELECT "), Join(items, ", "), Token("\nFROM "), Ident(name_)});
}

std::string Cache::NewName() {
  const std::lock_guard lock(mutex_);
  return fmt::format("persisted_{}", next_name_++);
}

void Cache::Add(const std::string& key, int relation_kind, StorageLevel level) {
  const std::lock_guard lock(mutex_);
  auto& entry = entries_[key];
  if (entry != nullptr) return;
  entry = std::make_shared<Entry>();
  entry->relation_kind = relation_kind;
  entry->level = level;
  ++kinds_[static_cast<size_t>(relation_kind)];
}

void Cache::Forget(const std::map<std::string, std::shared_ptr<Entry>>::iterator& entry) {
  --kinds_[static_cast<size_t>(entry->second->relation_kind)];
  entries_.erase(entry);
}

void Cache::Remove(const std::string& key) {
  std::shared_ptr<Entry> entry;  // destroyed without the mutex
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  entry = found->second;
  Forget(found);
}

void Cache::Clear() {
  std::map<std::string, std::shared_ptr<Entry>> entries;
  {
    const std::lock_guard lock(mutex_);
    while (!entries_.empty()) {
      entries[entries_.begin()->first] = entries_.begin()->second;
      Forget(entries_.begin());
    }
  }
}

std::optional<StorageLevel> Cache::Find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second->level;
}

std::shared_ptr<const StoredRows> Cache::StoredNow(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  found->second->last_use = ++clock_;
  return found->second->rows;
}

std::shared_ptr<const StoredRows> Cache::Rows(const std::string& key, const TranslatedRelation& query,
                                              const Inputs& inputs, const std::function<Lease()>& connect) {
  if (auto rows = StoredNow(key)) return rows;
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    entry = found->second;
  }
  const std::lock_guard filling(entry->filling);
  {
    const std::lock_guard lock(mutex_);
    if (entry->rows != nullptr) return entry->rows;
    entry->inputs = inputs;
    entry->stale = false;
  }
  auto rows = std::make_shared<const StoredRows>(database_, NewName(), connect(), query);
  std::vector<std::shared_ptr<const StoredRows>> released;
  const std::lock_guard lock(mutex_);
  if (entry->stale) return rows;
  entry->rows = rows;
  entry->last_use = ++clock_;
  Evict(entry.get(), &released);
  return rows;
}

std::shared_ptr<const StoredRows> Cache::Store(const TranslatedRelation& query, const Lease& lease) {
  return std::make_shared<const StoredRows>(database_, NewName(), lease, query);
}

void Cache::Evict(const Entry* keep, std::vector<std::shared_ptr<const StoredRows>>* released) {
  std::vector<Entry*> held;
  uint64_t bytes = 0;
  for (const auto& [key, entry] : entries_) {
    if (entry->rows == nullptr || entry->level.use_disk) continue;
    held.push_back(entry.get());
    bytes += entry->rows->bytes();
  }
  std::ranges::sort(held, {}, &Entry::last_use);
  for (Entry* entry : held) {
    if (bytes <= memory_bytes_) break;
    // One that is too large by itself is not kept either, once this query is over.
    if (entry == keep && entry->rows->bytes() <= memory_bytes_) continue;
    bytes -= entry->rows->bytes();
    released->push_back(std::move(entry->rows));
  }
}

void Cache::Refresh(const std::string& path) {
  std::vector<std::shared_ptr<const StoredRows>> released;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    const bool reads = std::ranges::any_of(entry->inputs.paths, [&](const std::string& input) {
      return IsOrHolds(path, input) || IsOrHolds(input, path);
    });
    if (!reads) continue;
    entry->stale = true;
    if (entry->rows != nullptr) released.push_back(std::move(entry->rows));
  }
}

}  // namespace tinderbox::engine
