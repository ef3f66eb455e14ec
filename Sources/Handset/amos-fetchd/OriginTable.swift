import Transfer
import Web
import Wire

/// Ways out: directly, or through a proxy at one of its addresses.
final class OriginTable {
    /// Nobody uses them at the moment; a proxy has few addresses.
    private static let idleLimit = 4

    private struct Entry {
        let name: String
        let origin: WebOrigin
        var users: Int
    }

    private let web: WebContext
    /// The one used last comes last.
    private var entries: [Entry] = []

    init(_ web: WebContext) { self.web = web }

    func begin(_ connection: FetchConnection, through proxy: ProxySettings?) -> (WebTransfer, String)? {
        let target = connection.target
        var way: String?
        if let proxy { way = proxy.credentials + connection.address + ":" + String(proxy.port) }
        let name = way ?? "direct"
        guard let origin = take(name, way) else { return nil }
        var request = WebRequest(
            address: way == nil ? connection.address : target.host, port: target.port,
            isSecure: target.isSecure, host: target.hostField, path: target.path)
        request.range = connection.range
        request.validator = connection.validator
        guard let transfer = web.begin(request, origin) else {
            release(name)
            return nil
        }
        return (transfer, name)
    }

    private func take(_ name: String, _ proxy: String?) -> WebOrigin? {
        if let index = index(of: name) {
            var entry = entries.remove(at: index)
            entry.users += 1
            entries.append(entry)
            return entry.origin
        }
        guard let origin = web.origin(name, proxy: proxy) else { return nil }
        entries.append(Entry(name: name, origin: origin, users: 1))
        return origin
    }

    private func index(of name: String) -> Int? {
        entries.firstIndex { UTF8Text.equal($0.name, name) }
    }

    func release(_ name: String) {
        guard let index = index(of: name) else { return }
        entries[index].users -= 1
        while entries.filter({ $0.users == 0 }).count > Self.idleLimit,
            let oldest = entries.firstIndex(where: { $0.users == 0 })
        {
            entries.remove(at: oldest)
        }
    }
}
