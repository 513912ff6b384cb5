using Lease.Protocol.Dhcp6;

namespace Lease.Protocol.Tests;

public sealed class OctetTextTests
{
    [Theory]
    [InlineData("CN=router 7", "CN=router 7")]
    [InlineData("caf\u00e9 \u65e5", "caf\u00e9 \u65e5")]
    [InlineData("a\nb\tc\u001b[2J\u007f\u009b", "a\\u000ab\\u0009c\\u001b[2J\\u007f\\u009b")]
    [InlineData("\u202eabc\u2028\ufeff", "\\u202eabc\\u2028\\ufeff")]
    public void What_would_drive_a_terminal_is_escaped(string text, string shown) => OctetText.Escape(text).ShouldBe(shown);
}
