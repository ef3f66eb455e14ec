/// Why the bridge closes a connection. It says so in the log and nowhere else: the peer knows what it sent.
public enum BridgeError: Error, Equatable, Sendable {
    /// The magic is not the complement of the command.
    case notAPacket
    case unknownCommand(UInt32)
    /// More than this side said it takes, or more than anybody may send before AUTH is through.
    case payloadTooLong(UInt32, limit: Int)
    /// The byte sum is not that of the payload.
    case wrongSum
    /// A command that has no place where it came.
    case unexpected(StaticString)
    /// A second WRTE before the first was answered.
    case writesAhead
    /// A frame within a stream that follows no format.
    case malformed(StaticString)
}

extension BridgeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAPacket: "the peer does not speak adb (a packet's magic is wrong)"
        case .unknownCommand(let command):
            "the peer sent a command that adb does not have (0x" + String(command, radix: 16) + ")"
        case .payloadTooLong(let count, let limit):
            "a packet announces " + String(count) + " bytes where " + String(limit) + " are allowed"
        case .wrongSum: "a packet arrived damaged (its byte sum is wrong)"
        case .unexpected(let what): "the peer sent " + what.description + " where it has no place"
        case .writesAhead: "the peer did not wait for OKAY before it wrote on"
        case .malformed(let what): "the peer sent " + what.description
        }
    }

    public static func == (left: BridgeError, right: BridgeError) -> Bool {
        switch (left, right) {
        case (.notAPacket, .notAPacket), (.wrongSum, .wrongSum), (.writesAhead, .writesAhead): true
        case (.unknownCommand(let a), .unknownCommand(let b)): a == b
        case (.payloadTooLong(let a, let limitA), .payloadTooLong(let b, let limitB)):
            a == b && limitA == limitB
        case (.unexpected, .unexpected), (.malformed, .malformed): true
        default: false
        }
    }
}
