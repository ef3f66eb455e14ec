/// What the bridge gives a peer at most.
public enum BridgeLimits {
    /// The version in which packets carry no byte sums.
    public static let version: UInt32 = 0x0100_0001
    /// The version that every peer speaks.
    static let oldestVersion: UInt32 = 0x0100_0000
    /// Payload of a packet that this side takes: what adb offers as well.
    public static let payload = 1 << 20
    /// Payload of a packet that this side sends: one is in memory per transfer, and four times as much would
    /// not be faster.
    public static let writePayload = 256 * 1024
    /// Everything that is kept of a peer that has not shown a key.
    public static let payloadBeforeAuthentication = 64 * 1024
    /// A peer says less than this in its first packet, and in a version 1 connection could send no more.
    static let oldestPayload = 4096
    /// Of one connection at once. Browsers open many through a forwarded port.
    public static let streams = 128
    /// The name of a service; the longest are commands for a shell.
    public static let serviceName = 32 * 1024
    /// Waiting for sinks that take nothing at the moment, in one connection; nothing more is read from it
    /// until they do.
    public static let unwrittenBytes = 4 << 20
    /// Waiting for a peer that reads nothing: what produces more waits, too.
    public static let unsentBytes = 512 * 1024
    public static let tokenSize = 20
    public static let signatureSize = 256
}

/// What the handset says about itself in CNXN.
public struct BridgeBanner: Sendable {
    /// What `adb` asks `features` for. Others (abb, delayed_ack, sendrecv_v2 …) would change the protocol.
    public static let features: StaticString = "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir"

    public var product: String
    public var model: String

    public init(product: String, model: String) {
        self.product = product
        self.model = model
    }

    /// `device::ro.product.name=…;ro.product.model=…;ro.product.device=…;features=…`
    public var bytes: [UInt8] {
        var text = Array("device::ro.product.name=".utf8)
        text += Self.clean(product) + Array(";ro.product.model=".utf8)
        text += Self.clean(model) + Array(";ro.product.device=".utf8)
        text += Self.clean(product) + Array(";features=".utf8)
        return text + Array(Self.features.description.utf8)
    }

    /// Names stand between `=` and `;`.
    private static func clean(_ name: String) -> [UInt8] {
        name.utf8.prefix(64).map {
            let isLetter = ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a
            let isOther = $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2d || $0 == 0x2e
            return isLetter || isOther ? $0 : 0x5f
        }
    }
}
