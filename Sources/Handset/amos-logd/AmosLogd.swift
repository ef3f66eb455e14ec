@main
enum AmosLogd {
    static func main() {}
}
