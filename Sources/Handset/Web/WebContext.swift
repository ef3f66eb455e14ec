import CLibwebsockets

/// libwebsockets as a client of HTTP/1.1. One in a process; it is also where the process waits.
public final class WebContext {
    private let web: OpaquePointer

    /// - Parameters:
    ///   - local: an epoll's descriptor; it stays the caller's.
    ///   - authorities: a file of certificates in PEM that https servers are believed by.
    public init?(local: Int32, authorities: String) {
        guard let web = authorities.withCString({ amos_web_open(local, $0) }) else { return nil }
        self.web = web
    }

    /// Returns when something has happened on the network or to the epoll, or after this time. False: it is
    /// over.
    public func wait(milliseconds: UInt64) -> Bool {
        amos_web_wake_after(web, milliseconds)
        return amos_web_wait(web) >= 0
    }

    /// - Parameter proxy: `[USER:PASSWORD@]ADDRESS:PORT`, through which everything goes.
    public func origin(_ name: String, proxy: String?) -> WebOrigin? {
        let made = name.withCString { name in
            guard let proxy else { return amos_web_origin_open(web, name, nil) }
            return proxy.withCString { amos_web_origin_open(web, name, $0) }
        }
        return made.map { WebOrigin($0) }
    }

    public func begin(_ request: WebRequest, _ origin: WebOrigin) -> WebTransfer? {
        let begun = request.address.withCString { address in
            request.host.withCString { host in
                request.path.withCString { path in
                    (request.range ?? "").withCString { range in
                        (request.validator ?? "").withCString { validator in
                            var plain = amos_web_request()
                            (plain.address, plain.port, plain.host) = (address, request.port, host)
                            (plain.path, plain.range, plain.if_range) = (path, range, validator)
                            plain.is_secure = request.isSecure ? 1 : 0
                            return amos_web_begin(web, origin.origin, &plain)
                        }
                    }
                }
            }
        }
        return begun.map { WebTransfer($0) }
    }
}

/// A way out: directly, or through a proxy.
public final class WebOrigin {
    let origin: OpaquePointer

    init(_ origin: OpaquePointer) { self.origin = origin }

    deinit { amos_web_origin_close(origin) }
}

public struct WebRequest {
    /// Numeric, unless a proxy finds the host.
    public var address: String
    public var port: UInt16
    public var isSecure: Bool
    /// As the field Host has it; what stands before the port must be in the certificate.
    public var host: String
    public var path: String
    public var range: String?
    /// The field If-Range.
    public var validator: String?

    public init(address: String, port: UInt16, isSecure: Bool, host: String, path: String) {
        (self.address, self.port, self.isSecure) = (address, port, isSecure)
        (self.host, self.path) = (host, path)
    }
}
