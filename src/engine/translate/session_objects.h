#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "tinderbox/types.h"

namespace spark::connect {
class Expression;
}

namespace tinderbox::engine {

/// A session variable. Immutable: setting it makes another.
struct Variable {
  DataType type;
  std::shared_ptr<const ::spark::connect::Expression> value;          ///< a constant of that type
  std::shared_ptr<const ::spark::connect::Expression> default_value;  ///< null: NULL
  std::string shown;                                                  ///< the value in names of columns
};

/// A function whose body is an expression of its parameters.
struct SqlFunction {
  struct Parameter {
    std::string name;
    DataType type;
    std::shared_ptr<const ::spark::connect::Expression> default_value;  ///< null: none
  };
  std::vector<Parameter> parameters;
  std::optional<DataType> returns;  ///< nullopt: the body's type
  std::shared_ptr<const ::spark::connect::Expression> body;
};

/// Objects of one kind by name, letter case aside. Thread-safe.
template <typename T>
class SessionObjects {
 public:
  SessionObjects() = default;
  SessionObjects(const SessionObjects& other) {
    const std::lock_guard lock(other.mutex_);
    objects_ = other.objects_;
  }
  SessionObjects& operator=(const SessionObjects&) = delete;

  /// nullptr when there is none.
  std::shared_ptr<const T> Find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(base::LowerCase(name));
    return found == objects_.end() ? nullptr : found->second;
  }
  void Set(const std::string& name, std::shared_ptr<const T> object) {
    const std::lock_guard lock(mutex_);
    objects_[base::LowerCase(name)] = std::move(object);
  }
  /// False when there is none.
  bool Drop(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return objects_.erase(base::LowerCase(name)) > 0;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const T>> objects_;
};

/// The name of a session's object: "v", "session.v" and "system.session.v" mean the same; empty for any other.
std::string SessionObjectName(const std::vector<std::string>& parts);

}  // namespace tinderbox::engine
