/// A processor that programs are compiled for; the raw value is Debian's name of it.
public enum Processor: String, Sendable {
    /// The handset's.
    case arm64
    /// A build machine's.
    case amd64

    /// The one that this program runs on.
    public static var ofThisMachine: Processor {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }

    /// One that the Swift toolchain has an Embedded standard library for; the C side makes it Linux.
    var triple: String {
        switch self {
        case .arm64: "aarch64-none-none-elf"
        case .amd64: "x86_64-unknown-none-elf"
        }
    }

    /// What Debian names folders after, and clang's `--target`.
    var gnuFolder: String {
        switch self {
        case .arm64: "aarch64-linux-gnu"
        case .amd64: "x86_64-linux-gnu"
        }
    }

    var muslFolder: String {
        switch self {
        case .arm64: "aarch64-linux-musl"
        case .amd64: "x86_64-linux-musl"
        }
    }
}
