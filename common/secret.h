// Memory for card numbers, keys, PINs and codes: wiped before it is freed, moved but never copied, and
// without any way to print or format it. PCI DSS 4.0.1 requirements 3.3.1, 3.5.1, 3.6.1.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace common {

void wipe(void* memory, std::size_t size) noexcept;  // not removed by the optimiser

// Compares in time that depends on the sizes only.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

// For buffers that hold secrets among other bytes (request bodies, JSON documents).
template <class T>
struct WipingAllocator {
    using value_type = T;
    WipingAllocator() = default;
    template <class U>
    WipingAllocator(const WipingAllocator<U>&) noexcept {
    }  // NOLINT(google-explicit-constructor): allocator rebind
    T* allocate(std::size_t n) { return std::allocator<T>{}.allocate(n); }
    void deallocate(T* memory, std::size_t n) noexcept {
        wipe(memory, n * sizeof(T));
        std::allocator<T>{}.deallocate(memory, n);
    }
    bool operator==(const WipingAllocator&) const { return true; }
};

// Bytes in OpenSSL's secure heap: locked, left out of core files, wiped when freed. For keys and PINs.
class SecretBytes {
  public:
    SecretBytes() = default;
    explicit SecretBytes(std::size_t size);  // zeros; throws std::bad_alloc when the secure heap is full
    static SecretBytes copy_of(std::span<const std::uint8_t> bytes);
    static SecretBytes copy_of(std::string_view text);
    SecretBytes(SecretBytes&& other) noexcept : data_{other.data_}, size_{other.size_} { other.forget(); }
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    ~SecretBytes() { clear(); }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::span<std::uint8_t> bytes() { return {data_, size_}; }
    std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
    std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
    void clear() noexcept;

  private:
    void forget() { data_ = nullptr, size_ = 0; }
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

// Growing text on the ordinary heap that is wiped when freed or outgrown. Unlike std::string it keeps nothing
// inside the object, where no allocator would wipe it.
class SecretText {
  public:
    SecretText() = default;
    explicit SecretText(std::string_view text) : text_(text.begin(), text.end()) {}
    SecretText(SecretText&&) noexcept = default;
    SecretText& operator=(SecretText&&) noexcept = default;
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;

    void append(std::string_view text) { text_.insert(text_.end(), text.begin(), text.end()); }
    void push_back(char c) { text_.push_back(c); }
    void reserve(std::size_t n) { text_.reserve(n); }
    void resize(std::size_t n) { text_.resize(n); }
    char* data() { return text_.data(); }
    std::string_view view() const { return {text_.data(), text_.size()}; }
    std::size_t size() const { return text_.size(); }
    bool empty() const { return text_.empty(); }
    void clear() noexcept { text_ = {}; }

  private:
    std::vector<char, WipingAllocator<char>> text_;
};

// Up to N characters inside the object; wiped when destroyed or moved from.
template <std::size_t N>
class SecretChars {
  public:
    SecretChars() = default;
    explicit SecretChars(std::string_view text) {
        size_ = text.size() < N ? text.size() : N;
        std::memcpy(chars_.data(), text.data(), size_);
    }
    SecretChars(SecretChars&& other) noexcept : chars_{other.chars_}, size_{other.size_} { other.clear(); }
    SecretChars& operator=(SecretChars&& other) noexcept {
        if (this != &other) {
            chars_ = other.chars_, size_ = other.size_;
            other.clear();
        }
        return *this;
    }
    SecretChars(const SecretChars&) = delete;
    SecretChars& operator=(const SecretChars&) = delete;
    ~SecretChars() { clear(); }
    std::string_view view() const { return {chars_.data(), size_}; }
    bool empty() const { return size_ == 0; }
    void clear() noexcept {
        wipe(chars_.data(), N);
        size_ = 0;
    }

  private:
    std::array<char, N> chars_{};
    std::size_t size_ = 0;
};

template <class Stream>
Stream& operator<<(Stream&, const SecretBytes&) = delete;
template <class Stream>
Stream& operator<<(Stream&, const SecretText&) = delete;
template <class Stream, std::size_t N>
Stream& operator<<(Stream&, const SecretChars<N>&) = delete;

}  // namespace common
