import Packages

/// Every key of a device file. The JSON Schema and the reference's tables come from here.
enum DeviceKeys {
    /// A whole device file.
    static let device = KeyTable(
        "a device",
        [
            .init("name", .text(.name), "The device's name; that of the file, without .yaml.", .required),
            .init("extends", .text(.name), "A device whose settings this one starts from."),
        ] + layer.keys + [.init("variants", .map(variants), "What `user` and `dev` builds add or change.")])

    /// What a device file and each of its variants can set.
    static let layer = KeyTable("a variant", settings.keys + [remove])

    private static let remove = KeyTable.Key(
        "remove", .map(settings.removal), "Takes items out of the lists that were inherited.")

    private static let variants = KeyTable(
        "variants",
        Device.Variant.allCases.map {
            .init($0.rawValue, .map(layer), "Added to the device in `\($0.rawValue)` builds.")
        })

    private static let settings = KeyTable(
        "a device",
        [
            .init("model", .text(.line), "The product's name for people.", .requiredFinally),
            .init("arch", .choice(["arm64"]), "Debian's name of the architecture.", .requiredFinally),
            .init("base", .map(base), "Which Debian release packages come from.", .requiredFinally),
            .init("kernel", .map(kernel), "The kernel, its modules and its command line.", .requiredFinally),
            .init("machine", .map(machine), "The machine that QEMU is asked for.", .requiredFinally),
            .init("storage", .map(storage), "Partition sizes, multiples of 1 MiB.", .requiredFinally),
            .init("packages", .list(of: .text(.packageName)), "Debian packages; what they need follows."),
            .init(
                "services", .list(of: .text(.name)),
                "Service files by name, from this repository's `services/`, then the shipped ones."),
            .init("users", .dictionary(what: "a user", keys: .accountName, values: .map(user)), "Accounts."),
            .init("groups", .dictionary(what: "a group", keys: .accountName, values: .map(group)), "Groups."),
            .init("files", .map(files), "What goes in besides packages, and what stays out of them."),
            .init("package-policy", .map(packagePolicy), "Whose packages may come in besides the image's."),
            .init("locale", .text(.localeName), "The locale of the whole handset; C.UTF-8 unless given."),
            .init("time", .map(time), "Where the clock comes from."),
            .init("health", .map(health), "When a boot counts as good."),
            shutdownBudget, watchdog,
            .init(
                "rollback-index", .integer(0...Int(Int32.max)),
                "Images below the handset's floor are refused; raise it with a release that must stay."),
            .init("signing-key", .text(.name), "A key of `amos keys`; the development key unless given."),
            .init(
                "checks", .list(of: .either(["ready"], check)), "What `amos test` asks of a booted handset."),
        ])

    static let shutdownBudget = KeyTable.Key(
        "shutdown-budget", .text(.duration),
        "A shutdown takes no longer: what still runs is killed; 8 s unless given.")
    static let watchdog = KeyTable.Key(
        "watchdog", .text(.duration),
        "The machine's watchdog resets it when init hangs for this long; not used unless given.")

    private static let base = KeyTable(
        "base",
        [
            .init("suite", .text(.name), "Debian's code name of the release.", .requiredFinally),
            .init("components", .list(of: .text(.name)), "Archive components; main unless given."),
        ])

    private static let kernel = KeyTable(
        "kernel",
        [
            .init("package", .text(.packageName), "The Debian package of the kernel.", .requiredFinally),
            .init("modules", .map(modules), "Modules by name, '-' and '_' alike; their dependencies follow."),
            .init(
                "command-line", .list(of: .text(.word), mayRepeat: true),
                "Words for the kernel; signed with the image."),
        ])

    private static let modules = KeyTable(
        "modules",
        [
            .init("early", .list(of: .text(.moduleName)), "In the initramfs: what root and data need."),
            .init("late", .list(of: .text(.moduleName)), "Inserted by init while services start."),
        ])

    private static let machine = KeyTable(
        "machine",
        [
            .init("cpu", .text(.processorName), "QEMU's name of the processor.", .requiredFinally),
            .init("cpus", .integer(1...64), "Number of processors.", .requiredFinally),
            .init("memory", .text(.size), "Main memory, a multiple of 1 MiB.", .requiredFinally),
            .init("display", .text(.display), "Width and height in pixels.", .requiredFinally),
        ])

    private static let storage = KeyTable(
        "storage",
        [
            .init("esp", .text(.size), "Reserved for the firmware path.", .requiredFinally),
            .init("boot", .text(.size), "Each of boot_a and boot_b: a boot image.", .requiredFinally),
            .init(
                "system", .text(.size), "Each of system_a and system_b: EROFS and hashes.", .requiredFinally),
            .init("misc", .text(.size), "Slot metadata.", .requiredFinally),
            .init("data", .text(.size), "The owner's data, ext4.", .requiredFinally),
            .init(
                "compression", .choice(Device.Storage.Compression.allCases.map(\.rawValue)),
                "Of the system partition; none unless given."),
        ])

    private static let user = KeyTable(
        "a user",
        [
            .init("id", .integer(1...59_999), "The user id.", .required),
            .init(
                "group", .text(.accountName), "The main group; one of the user's name and id unless given."),
            .init("home", .text(.absolutePath), "The home folder; / unless given."),
            .init("shell", .text(.absolutePath), "The login shell; /usr/sbin/nologin unless given."),
        ])

    private static let group = KeyTable(
        "a group",
        [
            .init("id", .integer(1...59_999), "The group id.", .required),
            .init("members", .list(of: .text(.accountName)), "Users that belong to it besides."),
        ])

    private static let files = KeyTable(
        "files",
        [
            .init("exclude", .list(of: .text(.pathPattern)), "Package files that stay out."),
            .init("keep", .list(of: .text(.pathPattern)), "Package files that go in although excluded."),
            .init("copy", .list(of: .map(copy)), "Files and folders of this repository."),
        ])

    private static let copy = KeyTable(
        "copy",
        [
            .init("from", .text(.sourcePath), "A file or folder, relative to this file.", .required),
            .init("to", .text(.absolutePath), "Where it goes in the image.", .required),
            .init(
                "mode", .text(.mode),
                "Of the file, or of every file in the folder; its own x bit unless given."),
            .init("user", .text(.accountName), "The owner; root unless given."),
            .init("group", .text(.accountName), "The group; root unless given."),
        ])

    private static let packagePolicy = KeyTable(
        "package-policy",
        [
            .init(
                "sideload", .choice(InstallPolicy.Sideload.allCases.map(\.name)),
                "Packages from outside the repositories; denied unless given."),
            .init(
                "developer-mode", .choice(["never", "owner"]),
                "Who can enable it; never in `user` builds unless given, in `dev` ones the owner."),
            .init(
                "reserved", .list(of: .text(.packageID)),
                "Ids of the system: these, and all below them, come from nobody else."),
            .init(
                "publishers", .list(of: .text(.fingerprint)),
                "Keys whose packages come in from outside; anybody's unless given."),
            .init(
                "floors",
                .dictionary(
                    what: "a package", keys: .packageID, values: .integer(1...Int(VersionCode.limit))),
                "The lowest version code of a package that is taken, by an install or a rollback."),
        ])

    private static let time = KeyTable(
        "time", [.init("servers", .list(of: .text(.host)), "SNTP servers, asked in this order.")])

    static let health = KeyTable(
        "health",
        [
            .init("services", .list(of: .text(.name)), "These must be ready, and stay so."),
            .init("stable-for", .text(.duration), "For this long; 10 s unless given."),
            .init("deadline", .text(.duration), "Not healthy by then: the boot failed; 90 s unless given."),
        ])

    static let check = KeyTable(
        "a check",
        [
            .init("name", .text(.line), "How reports call it; made from the check unless given."),
            .init("service", .text(.name), "This service is in `state`."),
            .init("state", .choice(["ready", "done", "stopped"]), "For `service`; ready unless given."),
            .init("mounted", .text(.absolutePath), "Something is mounted here."),
            .init("type", .text(.word), "For `mounted`: the file system's type."),
            .init("options", .list(of: .text(.word)), "For `mounted`: options that must all be there."),
            .init("network", .choice(["up"]), "An address was leased."),
            .init("clock", .choice(["set"]), "The clock was set."),
            .init("memory-used-below", .text(.size), "MemTotal − MemAvailable when the device is ready."),
            .init("console", .text(.any), "This regular expression matches the serial console."),
            .init("no-console", .text(.any), "This regular expression does not match the serial console."),
            .init("screen", .choice(["not-blank"]), "The screen shows something."),
        ])
}
