import CLibwebsockets

/// A request under way; dropping it ends it.
public final class WebTransfer {
    public enum State {
        case connecting, receiving
        /// Bytes may still wait to be taken.
        case complete, failed
    }

    public enum Field {
        case contentLength, contentRange, entityTag, location, retryAfter
    }

    private let transfer: OpaquePointer

    init(_ transfer: OpaquePointer) { self.transfer = transfer }

    deinit { amos_web_end(transfer) }

    public var state: State {
        switch UInt32(amos_web_state_of(transfer)) {
        case AMOS_WEB_CONNECTING.rawValue: .connecting
        case AMOS_WEB_RECEIVING.rawValue: .receiving
        case AMOS_WEB_COMPLETE.rawValue: .complete
        default: .failed
        }
    }

    /// 0: no answer has come.
    public var status: Int { Int(amos_web_status(transfer)) }

    /// What the library says of a failure; may be empty.
    public var reason: String { String(cString: amos_web_reason(transfer)) }

    /// Empty where there is none.
    public func field(_ field: Field) -> String {
        let number =
            switch field {
            case .contentLength: AMOS_WEB_CONTENT_LENGTH
            case .contentRange: AMOS_WEB_CONTENT_RANGE
            case .entityTag: AMOS_WEB_ENTITY_TAG
            case .location: AMOS_WEB_LOCATION
            case .retryAfter: AMOS_WEB_RETRY_AFTER
            }
        return String(cString: amos_web_field(transfer, Int32(number.rawValue)))
    }

    /// How many bytes of the body are here.
    public var waiting: Int { Int(amos_web_waiting(transfer)) }

    /// Takes the next bytes of the body, at most those that are here.
    public func take(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, taken in
            taken = Int(amos_web_take(transfer, buffer.baseAddress, count))
        }
    }
}

/// Names to addresses, by the machine's resolver.
public enum NameLookup {
    public enum Outcome {
        case found([String])
        case failed(String)
    }

    /// Some fifty addresses.
    private static let limit = 2048

    /// Waits for as long as it takes: for a process of its own.
    public static func addresses(of host: String) -> Outcome {
        var text = [CChar](repeating: 0, count: limit)
        let count = host.withCString { amos_web_resolve($0, &text, limit) }
        guard count >= 0 else {
            return .failed(String(cString: amos_web_resolver_reason(Int32(count))))
        }
        let lines = text.prefix(Int(count)).map { UInt8(bitPattern: $0) }.split(separator: 0x0a)
        return .found(lines.map { String(decoding: $0, as: UTF8.self) })
    }
}
