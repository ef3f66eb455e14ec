// swift-tools-version: 6.2
import PackageDescription

// Handset programs build twice: as ordinary Swift here (so that tests can run them), and as Embedded Swift
// for the handset with `--triple aarch64-none-none-elf --toolset …`, which `amos build` does by itself. For
// those builds it sets AMOS_BUILD, and neither the host's modules nor their dependencies are looked at.
let buildsForHandset = Context.environment["AMOS_BUILD"] == "handset"

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]
let shared: [SwiftSetting] =
    strict + [
        .treatWarning("EmbeddedRestrictions", as: .error), .enableExperimentalFeature("Lifetimes"),
    ]
let handset: [SwiftSetting] = shared

/// A program that runs on the handset; `needs` are the shared modules it takes its decisions from.
func handsetProgram(_ name: String, needs: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: ["LinuxSystem", "CLinux"] + needs, path: "Sources/Handset/\(name)",
        swiftSettings: handset)
}

func sharedModule(_ name: String, needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, path: "Sources/Shared/\(name)", swiftSettings: shared)
}

func hostModule(_ name: String, needs: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: needs, path: "Sources/Host/\(name)", swiftSettings: strict)
}

func tests(of name: String, needs: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + needs, path: "Tests/\(name)Tests",
        exclude: exclude, swiftSettings: strict)
}

let sharedTargets: [Target] = [
    sharedModule("Wire"),
    sharedModule("Services", needs: ["Wire"]),
    sharedModule("Slots", needs: ["Wire"]),
    sharedModule("Packages", needs: ["Wire"]),
    sharedModule("Trust", needs: ["Wire"]),
    sharedModule("Bridge", needs: ["Wire"]),
    sharedModule("Transfer", needs: ["Wire"]),
]

let handsetTargets: [Target] = [
    // Not in the headers: to Swift they must look as the C library's own module does, or the same struct has
    // two shapes in a program that uses both.
    .target(name: "CLinux", path: "Sources/Handset/CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .target(
        name: "LinuxSystem", dependencies: ["CLinux", "Wire"], path: "Sources/Handset/LinuxSystem",
        swiftSettings: handset),
    handsetProgram("amos-stage1", needs: ["Slots", "Wire"]),
    handsetProgram("amos-init", needs: ["Services", "Slots", "Wire"]),
    handsetProgram("amosctl", needs: ["Bridge", "Services", "Slots", "Wire"]),
    handsetProgram("amos-logd", needs: ["Wire"]),
    handsetProgram("amos-crash", needs: ["Wire"]),
    handsetProgram("amos-clockd", needs: ["Slots", "Wire"]),
    handsetProgram("amos-netconf", needs: ["Wire"]),
    handsetProgram("amos-bridged", needs: ["Bridge", "Crypto", "Wire"]),
    handsetProgram("amos-launch", needs: ["PackageSignatures", "Packages", "Wire"]),
    handsetProgram(
        "amos-pkgd",
        needs: ["Bridge", "Crypto", "Packages", "PackageSignatures", "Transfer", "Trust", "Wire"]),
    handsetProgram("amos-fetchd", needs: ["Crypto", "Transfer", "Web", "Wire"]),
    // Only what speaks HTTP is linked against libwebsockets.
    .target(
        name: "CLibwebsockets", path: "Sources/Handset/CLibwebsockets",
        linkerSettings: [.linkedLibrary("websockets"), .linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(
        name: "Web", dependencies: ["CLibwebsockets"], path: "Sources/Handset/Web", swiftSettings: handset),
    // Only what checks signatures is linked against OpenSSL.
    .target(
        name: "CLibcrypto", path: "Sources/Handset/CLibcrypto",
        linkerSettings: [.linkedLibrary("crypto")]),
    .target(
        name: "Crypto", dependencies: ["CLibcrypto"], path: "Sources/Handset/Crypto",
        swiftSettings: handset),
    .target(
        name: "PackageSignatures", dependencies: ["Crypto", "Packages"],
        path: "Sources/Handset/PackageSignatures", swiftSettings: handset),
]

let hostTargets: [Target] = [
    .systemLibrary(name: "CArchive", path: "Sources/Host/CArchive", pkgConfig: "libarchive"),
    .systemLibrary(name: "CCrypto", path: "Sources/Host/CCrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZlib", path: "Sources/Host/CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CSeccomp", path: "Sources/Host/CSeccomp", pkgConfig: "libseccomp"),
    hostModule("HostSystem", needs: ["CCrypto"]),
    hostModule(
        "DeviceSpec",
        needs: [
            "HostSystem", "Packages", "Services", "CSeccomp", .product(name: "Yams", package: "Yams"),
        ]),
    hostModule("DebianBase", needs: ["HostSystem", "CArchive"]),
    hostModule("DiskImage", needs: ["HostSystem", "Slots", "Wire", "CArchive", "CCrypto", "CZlib"]),
    hostModule(
        "Assembly",
        needs: [
            "HostSystem", "DeviceSpec", "DebianBase", "DiskImage", "Packages", "Services", "Slots", "Wire",
            "CArchive",
        ]),
    hostModule("Packaging", needs: ["HostSystem", "DeviceSpec", "DiskImage", "Packages"]),
    hostModule(
        "Repository",
        needs: ["HostSystem", "DiskImage", "Packages", "Packaging", "Trust", "Wire", "CCrypto"]),
    hostModule("Emulator", needs: ["HostSystem", "DeviceSpec", "DiskImage", "Slots", "Wire"]),
    .executableTarget(
        name: "amos",
        dependencies: [
            "Assembly", "Emulator", "DeviceSpec", "DebianBase", "DiskImage", "HostSystem", "Packages",
            "Packaging", "Repository", "Slots", "Trust", "Wire",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Sources/Host/amos", exclude: ["Amos.docc"], swiftSettings: strict),
]

let benchmarks: Target = .executableTarget(
    name: "amos-bench",
    dependencies: [
        "Assembly", "Emulator", "DebianBase", "DeviceSpec", "DiskImage", "HostSystem", "LinuxSystem",
        "Packages", "Packaging", "Repository", "Services", "Trust",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "Tests/Benchmarks", exclude: ["Service"], swiftSettings: strict)

let testTargets: [Target] = [
    .testTarget(name: "TidyTests", path: "Tests/TidyTests", swiftSettings: strict),
    tests(of: "Wire"),
    tests(of: "Services", needs: ["Wire"]),
    tests(of: "Slots"),
    tests(of: "Packages", needs: ["Wire"], exclude: ["Solver"]),
    tests(of: "Bridge", needs: ["Wire"]),
    tests(of: "Transfer", needs: ["Wire"]),
    // The transfer service as a program of this machine, against servers on loopback.
    .testTarget(
        name: "FetchServiceTests",
        dependencies: ["LinuxSystem", "Referees", "Transfer", "Wire", "amos-fetchd"],
        path: "Tests/FetchServiceTests", exclude: ["server.py"], swiftSettings: strict),
    // PID 1's control socket: amos-init and amosctl as programs of this machine.
    .testTarget(
        name: "ControlTests",
        dependencies: ["Referees", "Services", "Wire", "amos-init", "amos-logd", "amosctl"],
        path: "Tests/ControlTests", swiftSettings: strict),
    // The bridge's daemon, driven by the adb of this machine.
    .testTarget(
        name: "BridgedTests", dependencies: ["Bridge", "amos-bridged", "amosctl"], path: "Tests/BridgedTests",
        swiftSettings: strict),
    tests(of: "LinuxSystem", needs: ["CLinux", "Referees", "Services", "amos-init"]),
    tests(of: "HostSystem"),
    tests(of: "DeviceSpec", needs: ["Services", "HostSystem"], exclude: ["Wrong"]),
    tests(of: "DebianBase", needs: ["HostSystem"]),
    // Programs of others that judge images and are not on every machine.
    .target(
        name: "Referees", dependencies: ["HostSystem", "DebianBase"], path: "Tests/Referees",
        swiftSettings: strict),
    tests(of: "DiskImage", needs: ["HostSystem", "DebianBase", "Slots", "Referees"]),
    tests(of: "Assembly", needs: ["HostSystem", "DeviceSpec", "DebianBase", "DiskImage"]),
    tests(of: "Packaging", needs: ["HostSystem", "DeviceSpec", "DiskImage", "Packages", "Referees"]),
    tests(
        of: "Trust", needs: ["Wire", "HostSystem", "Repository", "Referees"], exclude: ["Python"]),
    tests(
        of: "Repository",
        needs: [
            "DeviceSpec", "DiskImage", "HostSystem", "Packages", "Packaging", "Trust", "Wire", "Referees",
        ],
        exclude: ["Python"]),
    // The package service: its engine over a simulated disk, and the programs of this machine.
    .testTarget(
        name: "PackageServiceTests",
        dependencies: [
            "amos-fetchd", "amos-launch", "amos-pkgd", "amosctl", "Bridge", "Crypto", "DeviceSpec",
            "DiskImage",
            "HostSystem", "LinuxSystem", "Packages", "PackageSignatures", "Packaging", "Referees",
            "Repository",
            "Trust",
        ],
        path: "Tests/PackageServiceTests", exclude: ["Python"], swiftSettings: strict),
    tests(of: "Emulator", needs: ["HostSystem", "DeviceSpec", "DiskImage", "Slots", "Wire"]),
    // What reads bytes of others, for libFuzzer (`make fuzz`) and for replaying what it found.
    .target(
        name: "FuzzTargets", dependencies: ["Bridge", "Wire", "Services", "Packages", "Trust"],
        path: "Tests/Fuzz/Targets",
        swiftSettings: strict),
    .testTarget(
        name: "FuzzTests", dependencies: ["FuzzTargets"], path: "Tests/FuzzTests", swiftSettings: strict),
    // The init program itself, against services of all kinds; the witness is what those services run.
    .executableTarget(
        name: "scenario-witness", path: "Tests/ScenarioTests/Witness", swiftSettings: strict),
    // How scenarios are written down.
    .target(
        name: "ScenarioFormat", dependencies: ["Wire", .product(name: "Yams", package: "Yams")],
        path: "Tests/ScenarioTests/Format", swiftSettings: strict),
    .testTarget(
        name: "ScenarioTests",
        dependencies: ["DeviceSpec", "HostSystem", "LinuxSystem", "ScenarioFormat", "Services", "Wire"],
        path: "Tests/ScenarioTests", exclude: ["Format", "Scenarios", "Witness"], swiftSettings: strict),
    // Whole images, booted in QEMU.
    .testTarget(
        name: "DeviceTests",
        dependencies: [
            "Assembly", "Emulator", "HostSystem", "DeviceSpec", "DebianBase", "DiskImage", "Services",
            "Slots", "Wire", "Referees", "ScenarioFormat",
        ],
        path: "Tests/DeviceTests", swiftSettings: strict),
]

let handsetPrograms = handsetTargets.filter { $0.type == .executable }.map(\.name)

let package = Package(
    name: "amos",
    products: (buildsForHandset ? [] : ["amos", "amos-bench"].map { .executable(name: $0, targets: [$0]) })
        + handsetPrograms.map { .executable(name: $0, targets: [$0]) },
    dependencies: buildsForHandset
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
            .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        ],
    targets: sharedTargets + handsetTargets
        + (buildsForHandset ? [] : hostTargets + [benchmarks] + testTargets),
    swiftLanguageModes: [.v6]
)
