#include "sqlite_fixture.hpp"

#include "open.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <iterator>
#include <list>

namespace {

using namespace sqlite_test;
namespace fs = std::filesystem;
namespace lite = sm::sqlite;

// Root may do everything, so what a file mode forbids is shown by a process that is not root.
int code_as_nobody(const fs::path& file, lite::options how = {}) {
    child other([&] {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 250;
        return code_of(lite::open(file, how));
    });
    return other.exit_code();
}

mode_t mode_of(const fs::path& file) {
    struct stat status {};
    return stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

void write_to(const fs::path& file, std::string_view text) { std::ofstream(file) << text; }

TEST(sqlite_open, makes_files_that_only_their_owner_can_read) {
    const directory dir;
    auto db = lite::open(dir / "jobs.db");
    ASSERT_TRUE(db);
    ASSERT_TRUE(run(db.value(), "CREATE TABLE t(a) STRICT;").has_error());
    ASSERT_TRUE(run(db.value(), "CREATE TABLE t(a INTEGER) STRICT;"));
    EXPECT_EQ(mode_of(dir / "jobs.db"), 0600U);
    EXPECT_EQ(mode_of(dir / "jobs.db-wal"), 0600U);
    EXPECT_EQ(mode_of(dir / "jobs.db-shm"), 0600U);
}

TEST(sqlite_open, holds_the_settings_that_the_guarantees_rest_on) {
    const directory dir;
    auto db = lite::open(dir / "jobs.db").value();
    EXPECT_EQ(ask(db, "PRAGMA journal_mode"), "wal");
    EXPECT_EQ(number(db, "PRAGMA synchronous"), "2");
    EXPECT_EQ(number(db, "PRAGMA foreign_keys"), "1");
    EXPECT_EQ(number(db, "PRAGMA trusted_schema"), "0");
    EXPECT_EQ(ask(db, "SELECT \"no_such_thing\""), "schema_drifted");
    EXPECT_EQ(code_of(run(db, "CREATE TABLE t(a INTEGER) STRICT; CREATE INDEX i ON t(\"b\")")),
              code_of(errc::schema_drifted));
    EXPECT_EQ(ask(db, "SELECT load_extension('x')"), "unexpected");
    ASSERT_TRUE(run(db, "PRAGMA writable_schema = ON"));
    EXPECT_FALSE(run(db, "UPDATE sqlite_schema SET sql = sql"));
}

TEST(sqlite_open, weakens_durability_only_when_asked) {
    const directory dir;
    auto normal = lite::open(dir / "a.db", {.sync = lite::durability::normal}).value();
    auto off = lite::open(dir / "b.db", {.sync = lite::durability::off}).value();
    EXPECT_EQ(number(normal, "PRAGMA synchronous"), "1");
    EXPECT_EQ(number(off, "PRAGMA synchronous"), "0");
}

TEST(sqlite_open, understands_quoted_identifiers) {
    const directory dir;
    auto db = lite::open(dir / "jobs.db").value();
    ASSERT_TRUE(run(db, R"(CREATE TABLE "order"("group" INTEGER) STRICT;)"
                        R"(INSERT INTO "order"("group") VALUES(7))"));
    EXPECT_EQ(number(db, R"(SELECT "group" FROM "order")"), "7");
}

TEST(sqlite_open, keeps_a_database_in_memory) {
    auto db = lite::open(":memory:").value();
    ASSERT_TRUE(run(db, "CREATE TABLE t(a INTEGER) STRICT; INSERT INTO t VALUES(3)"));
    EXPECT_EQ(number(db, "SELECT a FROM t"), "3");
    EXPECT_FALSE(fs::exists(":memory:"));
}

TEST(sqlite_open, takes_a_path_as_a_name_and_never_as_a_uri) {
    const directory dir;
    const fs::path before = fs::current_path();
    fs::current_path(dir.path());
    const int code = code_of(lite::open("file:jobs.db?mode=memory"));
    fs::current_path(before);
    EXPECT_EQ(code, went_well);
    EXPECT_TRUE(fs::exists(dir / "file:jobs.db?mode=memory"));
}

TEST(sqlite_open, follows_a_link_to_a_file) {
    const directory dir;
    fs::create_directory(dir / "real");
    { auto made = lite::open(dir / "real/jobs.db").value(); }
    fs::create_symlink(dir / "real/jobs.db", dir / "link.db");
    auto db = lite::open(dir / "link.db").value();
    ASSERT_TRUE(run(db, "CREATE TABLE t(a INTEGER) STRICT"));
    EXPECT_TRUE(fs::exists(dir / "real/jobs.db-wal"));
    EXPECT_FALSE(fs::exists(dir / "link.db-wal"));
}

TEST(sqlite_open, refuses_a_missing_file_when_it_shall_not_make_one) {
    const directory dir;
    const auto db = lite::open(dir / "jobs.db", {.create = false});
    EXPECT_EQ(code_of(db), code_of(errc::cannot_open));
    EXPECT_NE(db.error().message().find("jobs.db"), std::string::npos);
    EXPECT_FALSE(fs::exists(dir / "jobs.db"));
}

TEST(sqlite_open, refuses_what_is_no_path_of_a_file) {
    const directory dir;
    fs::create_symlink(dir / "nothing", dir / "dangling.db");
    for (const fs::path& file :
         {dir / "missing/jobs.db", dir.path(), fs::path(), fs::path(std::string("a\0b", 3)),
          fs::path("/dev/null"), dir / "dangling.db", dir / "trailing/"})
        EXPECT_EQ(code_of(lite::open(file)), code_of(errc::cannot_open)) << file;
    EXPECT_FALSE(fs::exists(dir / "nothing"));
}

TEST(sqlite_open, refuses_a_file_that_is_no_database) {
    const directory dir;
    write_to(dir / "notes.txt", std::string(5000, 'n'));
    EXPECT_EQ(code_of(lite::open(dir / "notes.txt")), code_of(errc::corrupt));
}

TEST(sqlite_open, refuses_a_database_that_does_not_compare_text_bytewise) {
    const directory dir;
    ASSERT_EQ(raw(dir / "jobs.db").run("PRAGMA encoding='UTF-16le'; CREATE TABLE t(a)"), SQLITE_OK);
    EXPECT_EQ(code_of(lite::open(dir / "jobs.db")), code_of(errc::misconfigured));
}

TEST(sqlite_open, refuses_a_directory_that_it_may_not_write) {
    const directory dir;
    { auto made = lite::open(dir / "jobs.db").value(); }
    fs::permissions(dir / "jobs.db", static_cast<fs::perms>(0666));
    fs::permissions(dir.path(), static_cast<fs::perms>(0555));
    EXPECT_EQ(code_as_nobody(dir / "new.db"), code_of(errc::cannot_open));
    EXPECT_EQ(code_as_nobody(dir / "jobs.db"), code_of(errc::cannot_open));
}

TEST(sqlite_open, tells_a_file_that_it_may_not_read_from_one_that_it_may_not_write) {
    const directory dir;
    fs::permissions(dir.path(), static_cast<fs::perms>(0777));
    { auto made = lite::open(dir / "jobs.db").value(); }
    fs::permissions(dir / "jobs.db", static_cast<fs::perms>(0444));
    EXPECT_EQ(code_as_nobody(dir / "jobs.db"), code_of(errc::read_only));
    fs::permissions(dir / "jobs.db", static_cast<fs::perms>(0000));
    EXPECT_EQ(code_as_nobody(dir / "jobs.db"), code_of(errc::permission_denied));
    fs::permissions(dir / "jobs.db", static_cast<fs::perms>(0666));
    EXPECT_EQ(code_as_nobody(dir / "jobs.db"), went_well);
}

TEST(sqlite_open, looks_at_the_directory_that_a_link_leads_to) {
    const directory dir;
    fs::create_directory(dir / "real");
    fs::create_directory(dir / "links");
    { auto made = lite::open(dir / "real/jobs.db").value(); }
    fs::create_symlink(dir / "real/jobs.db", dir / "links/jobs.db");
    fs::permissions(dir.path(), static_cast<fs::perms>(0755));
    fs::permissions(dir / "real/jobs.db", static_cast<fs::perms>(0666));
    fs::permissions(dir / "real", static_cast<fs::perms>(0777));
    fs::permissions(dir / "links", static_cast<fs::perms>(0555));
    EXPECT_EQ(code_as_nobody(dir / "links/jobs.db"), went_well);
    fs::permissions(dir / "real", static_cast<fs::perms>(0555));
    fs::permissions(dir / "links", static_cast<fs::perms>(0777));
    EXPECT_EQ(code_as_nobody(dir / "links/jobs.db"), code_of(errc::cannot_open));
    fs::permissions(dir / "real", static_cast<fs::perms>(0777));
}

TEST(sqlite_open, refuses_a_network_file_system) {
    const directory dir;
    const auto remote = [](const fs::path&) -> sm::result<bool> { return true; };
    const auto refused = lite::open_probing(dir / "jobs.db", {}, remote);
    EXPECT_EQ(code_of(refused), code_of(errc::network_file_system));
    EXPECT_NE(refused.error().message().find("allow_network_file_system"), std::string::npos);
    EXPECT_FALSE(fs::exists(dir / "jobs.db"));
    EXPECT_TRUE(lite::open_probing(dir / "jobs.db", {.allow_network_file_system = true}, remote));
    EXPECT_EQ(code_of(lite::open_probing(dir / "jobs.db", {}, remote)),
              code_of(errc::network_file_system));
}

TEST(sqlite_open, knows_network_file_systems_by_their_number) {
    for (const std::uint32_t magic :
         {0x6969U, 0x517bU, 0xff534d42U, 0xfe534d42U, 0x01021997U, 0x00c36400U, 0x5346414fU,
          0x6b414653U, 0x73757245U, 0x7461636fU, 0x01161970U, 0x0bd00bd0U})
        EXPECT_TRUE(lite::is_network_file_system(magic, "")) << std::hex << magic;
    for (const std::uint32_t magic :
         {0xef53U, 0x58465342U, 0x9123683eU, 0x01021994U, 0x794c7630U, 0x2fc12fc1U})
        EXPECT_FALSE(lite::is_network_file_system(magic, "")) << std::hex << magic;
}

TEST(sqlite_open, tells_fuse_types_apart_and_trusts_no_unknown_one) {
    constexpr std::uint32_t fuse = 0x65735546;
    for (const char* type : {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "virtiofs",
                             "fuse.ceph-fuse", "fuse", ""})
        EXPECT_TRUE(lite::is_network_file_system(fuse, type)) << type;
    for (const char* type : {"fuseblk", "fuse.ntfs-3g", "fuse.gocryptfs", "fuse.fuse-overlayfs"})
        EXPECT_FALSE(lite::is_network_file_system(fuse, type)) << type;
}

TEST(sqlite_open, finds_the_type_of_a_mount) {
    constexpr std::string_view mounts =
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "not a mount at all\n"
        "27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n"
        "90 27 0:210 / /home/a\\040-\\040b rw - fuse.sshfs host:/srv rw,user_id=0\n"
        "91 27 0:21";
    EXPECT_EQ(lite::type_of_mount(mounts, 254, 0), "ext4");
    EXPECT_EQ(lite::type_of_mount(mounts, 0, 210), "fuse.sshfs");
    EXPECT_EQ(lite::type_of_mount(mounts, 0, 21), "proc");
    EXPECT_EQ(lite::type_of_mount(mounts, 0, 2), "");
    EXPECT_EQ(lite::type_of_mount("", 0, 21), "");
}

TEST(sqlite_open, asks_the_kernel_for_the_file_system) {
    EXPECT_FALSE(lite::lies_on_network("/proc").value());
    EXPECT_EQ(code_of(lite::lies_on_network("/no/such/place")), code_of(errc::cannot_open));
    std::ifstream file("/proc/self/mountinfo");
    const std::string mounts(std::istreambuf_iterator<char>(file), {});
    struct stat status {};
    ASSERT_EQ(stat("/proc", &status), 0);
    EXPECT_EQ(lite::type_of_mount(mounts, major(status.st_dev), minor(status.st_dev)), "proc");
}

TEST(sqlite_open, lets_processes_make_the_same_file_at_once) {
    for (int round = 0; round < 50; ++round) {
        const directory dir;
        const line start;
        std::list<child> openers;
        for (int i = 0; i < 6; ++i)
            openers.emplace_back([&] {
                start.await();
                auto db = lite::open(dir / "jobs.db", {.sync = lite::durability::off});
                if (!db) return code_of(db);
                return code_of(run(db.value(),
                                   "CREATE TABLE IF NOT EXISTS t(a INTEGER) STRICT;"
                                   "INSERT INTO t VALUES(1)"));
            });
        for (std::size_t i = 0; i < openers.size(); ++i) start.signal();
        for (child& one : openers) ASSERT_EQ(one.exit_code(), went_well);
        ASSERT_EQ(raw(dir / "jobs.db").ask("SELECT count(*) FROM t"), "6");
    }
}

TEST(sqlite_open, waits_no_longer_than_its_deadline_for_a_locked_file) {
    const directory dir;
    const raw holder(dir / "jobs.db");
    ASSERT_EQ(holder.run("CREATE TABLE t(a)"), SQLITE_OK);
    for (const char* lock : {"BEGIN EXCLUSIVE", "BEGIN; SELECT a FROM t"}) {
        ASSERT_EQ(holder.run(lock), SQLITE_OK);
        const auto begun = std::chrono::steady_clock::now();
        EXPECT_EQ(code_of(lite::open(dir / "jobs.db", {.deadline = 50ms})), code_of(errc::busy));
        const auto waited = std::chrono::steady_clock::now() - begun;
        EXPECT_GE(waited, 50ms) << lock;
        EXPECT_LT(waited, 5s) << lock;
        ASSERT_EQ(holder.run("COMMIT"), SQLITE_OK);
    }
    EXPECT_TRUE(lite::open(dir / "jobs.db"));
}

TEST(sqlite_open, refuses_in_a_child_what_its_parent_has_open) {
    const directory dir;
    {
        auto db = lite::open(dir / "jobs.db").value();
        child other([&] { return code_of(lite::open(dir / "jobs.db")); });
        EXPECT_EQ(other.exit_code(), code_of(errc::used_after_fork));
        child elsewhere([&] { return code_of(lite::open(dir / "other.db")); });
        EXPECT_EQ(elsewhere.exit_code(), went_well);
    }
    child later([&] { return code_of(lite::open(dir / "jobs.db")); });
    EXPECT_EQ(later.exit_code(), went_well);
}

TEST(sqlite_open, refuses_a_null_handle) {
    EXPECT_EQ(code_of(lite::borrow(static_cast<sqlite3*>(nullptr))),
              code_of(errc::invalid_argument));
}

TEST(sqlite_open, leaks_no_descriptor_when_it_refuses) {
    const directory dir;
    write_to(dir / "notes.txt", std::string(5000, 'n'));
    const auto before = open_descriptors();
    for (int i = 0; i < 5; ++i) ASSERT_FALSE(lite::open(dir / "notes.txt"));
    EXPECT_EQ(open_descriptors(), before);
}

static_assert(!lite::has_wal_reset_defect(3'006'023));
static_assert(lite::has_wal_reset_defect(3'007'000));
static_assert(lite::has_wal_reset_defect(3'040'001));
static_assert(lite::has_wal_reset_defect(3'044'005));
static_assert(!lite::has_wal_reset_defect(3'044'006));
static_assert(lite::has_wal_reset_defect(3'045'000));
static_assert(!lite::has_wal_reset_defect(3'050'007));
static_assert(lite::has_wal_reset_defect(3'051'002));
static_assert(!lite::has_wal_reset_defect(3'051'003));

TEST(sqlite_open, tells_of_the_defect_of_the_linked_version) {
    EXPECT_EQ(lite::known_defect().empty(),
              !lite::has_wal_reset_defect(sqlite3_libversion_number()));
}

template <const sm::dialect& Dialect>
constexpr char placeholder_of = Dialect.placeholder;
static_assert(placeholder_of<lite::database::dialect> == '?');

}  // namespace
