/// One of the two copies of the system: a boot partition and the system partition that belongs to it.
public enum Slot: UInt8, Sendable, CaseIterable {
    case a = 0
    case b = 1

    public var other: Slot { self == .a ? .b : .a }

    /// The ASCII letter used in partition labels (`boot_a`) and on the kernel command line (`amos.slot=a`).
    public var letter: UInt8 { self == .a ? UInt8(ascii: "a") : UInt8(ascii: "b") }

    public init?(letter: UInt8) {
        switch letter {
        case UInt8(ascii: "a"): self = .a
        case UInt8(ascii: "b"): self = .b
        default: return nil
        }
    }

    public var name: String { self == .a ? "a" : "b" }
}
