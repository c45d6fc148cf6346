using System.Diagnostics;
using System.Text;
using RaftStream.Hosting.Resp;

namespace RaftStream.Node.Tests.Resp;

/// <summary>Patterns of SCAN and CONFIG GET, and the slots of keys.</summary>
[TestFixture]
internal sealed class GlobTests
{
    [TestCase("*", "", true)]
    [TestCase("*", "anything", true)]
    [TestCase("", "", true)]
    [TestCase("", "a", false)]
    [TestCase("a*c", "abbbc", true)]
    [TestCase("a*c", "abbb", false)]
    [TestCase("*a*b*", "xxaxxbxx", true)]
    [TestCase("h?llo", "hello", true)]
    [TestCase("h?llo", "hllo", false)]
    [TestCase("h[ae]llo", "hallo", true)]
    [TestCase("h[ae]llo", "hillo", false)]
    [TestCase("h[^e]llo", "hallo", true)]
    [TestCase("h[^e]llo", "hello", false)]
    [TestCase("h[a-c]llo", "hbllo", true)]
    [TestCase("h[c-a]llo", "hbllo", true)]
    [TestCase("h[a-c]llo", "hdllo", false)]
    [TestCase("\\*", "*", true)]
    [TestCase("\\*", "a", false)]
    [TestCase("[", "[", false)]
    [TestCase("user:*:name", "user:17:name", true)]
    public void APatternFits(string pattern, string text, bool fits) =>
        Assert.That(Glob.IsMatch(Encoding.UTF8.GetBytes(pattern), Encoding.UTF8.GetBytes(text)), Is.EqualTo(fits));

    [Test]
    public void ManyStarsDoNotTakeTimeWithoutEnd()
    {
        var pattern = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*a", 1_000)) + "b");
        var text = Encoding.UTF8.GetBytes(new string('a', 4_096));
        var start = Stopwatch.GetTimestamp();
        Assert.That(Glob.IsMatch(pattern, text), Is.False);
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    // The check value of CRC16/XMODEM is that of "123456789": 0x31C3. The others are those that Redis's own CLUSTER KEYSLOT tells.
    [TestCase("123456789", 0x31C3 % 16_384)]
    [TestCase("foo", 12_182)]
    [TestCase("somekey", 11_058)]
    [TestCase("foo{hash_tag}", 2_515)]
    [TestCase("bar{hash_tag}", 2_515)]
    [TestCase("foo{}{bar}", 8_363)]
    public void AKeyHasTheSlotThatRedisGivesIt(string key, int slot) => Assert.That(KeySlot.Of(Encoding.UTF8.GetBytes(key)), Is.EqualTo(slot));
}
