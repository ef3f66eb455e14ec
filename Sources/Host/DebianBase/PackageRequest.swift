/// What a locked package is for. A package can be in several sets.
public enum PackageSet: String, Sendable, CaseIterable, Comparable {
    /// Files of the handset.
    case image
    /// The kernel and its modules.
    case kernel
    /// Downloaded only for its licence texts, which files of other packages point at.
    case licences
    /// Headers and libraries that the handset programs are built against.
    case sysroot

    public static func < (left: PackageSet, right: PackageSet) -> Bool { left.rawValue < right.rawValue }
}

/// Which packages a device wants of Debian, without what they depend on. Ask for all variants of a device at
/// once: they share one lock, and each takes its own closure out of it (`PackageLock.closure`).
public struct PackageRequest: Sendable, Equatable {
    public var suite: String
    public var components: [String]
    public var architecture: String
    public var image: [String]
    /// A meta package (`linux-image-arm64`) or a real one; nil: no kernel is wanted.
    public var kernel: String?
    public var sysroot: [String]

    /// What the handset programs are compiled against: glibc and musl with the compiler's own runtime,
    /// OpenSSL for those that check signatures, libwebsockets for the one that speaks HTTP.
    public static let standardSysroot = [
        "libc6", "libc6-dev", "libgcc-14-dev", "libgcc-s1", "libssl-dev", "libssl3t64",
        "libwebsockets-dev", "linux-libc-dev", "musl", "musl-dev",
    ]

    public init(
        suite: String, components: [String] = ["main"], architecture: String = "arm64", image: [String],
        kernel: String?, sysroot: [String] = PackageRequest.standardSysroot
    ) {
        self.suite = suite
        self.components = components
        self.architecture = architecture
        self.image = Set(image).sorted()
        self.kernel = kernel
        self.sysroot = Set(sysroot).sorted()
    }

    public var kernels: [String] { kernel.map { [$0] } ?? [] }

    /// Every name and the list it stands in, sorted.
    var wanted: [(set: PackageSet, name: String)] {
        image.map { (.image, $0) } + kernels.map { (.kernel, $0) } + sysroot.map { (.sysroot, $0) }
    }
}
