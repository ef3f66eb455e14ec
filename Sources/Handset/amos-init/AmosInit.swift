@main
enum AmosInit {
    static func main() {}
}
