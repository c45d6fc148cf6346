using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The checkers of one workload each, and of what nodes leave behind.</summary>
internal sealed class ObjectCheckTests
{
    [Test]
    public void A_set_holds_what_was_acknowledged_and_nothing_else()
    {
        var told = new Told("set").Add(1, 0, 1, 0b001).Add(1, 2, 3, 0b010).Add(2, 0, 1, 0b100, kind: AnswerKind.Unknown).Read(3, 4, 5, 0b011);
        Assert.That(Set(told, 0b011).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Set(told, 0b111).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Set(told, 0b001).Detail, Does.Contain("lacks members 1, which were acknowledged"));
        Assert.That(Set(told, 0b1011).Detail, Does.Contain("holds members 3, which were not added"));
        Assert.That(Set(told, 0b1000).Detail, Does.Contain("carries into its neighbour"));
        Assert.That(Set(told, null).Verdict, Is.EqualTo(Verdict.Linearizable), "it was read before");
        told.Add(1, 6, 7, 0b1000);
        Assert.That(Set(told, null).Detail, Does.Contain("never read"));
        Assert.That(Set(told.Read(3, 8, 9, 0b011), 0b1011).Detail, Does.Contain("acknowledged before it began"));

        static RunCheck Set(Told told, long? value) => SetCheck.Check("set", told.Operations, told.Finally(value is { } number ? number : null));
    }

    [Test]
    public void A_list_changes_at_its_end_only_and_loses_nothing()
    {
        var told = new Told("append").Set(1, 0, 1, HistoryValue.Null, 0x3).Read(2, 2, 3, 0x3).Set(1, 4, 5, 0x3, 0x35).Read(2, 6, 7, 0x35);
        Assert.That(Append(told, 0x35).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Append(told, 0x359).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Append(told, 0x3).Detail, Does.Contain("ends as [3], without 5"));
        Assert.That(Append(new Told("append").Read(1, 0, 1, 0x3).Read(2, 2, 3, 0x53), 0x53).Detail, Does.Contain("was [3] and then [5 3]"));
        Assert.That(Append(new Told("append").Read(1, 0, 1, 0x33), 0x33).Detail, Does.Contain("is there twice"));
        Assert.That(AppendCheck.Elements(unchecked((long)0xF123_4567_89AB_CDE0)), Has.Count.EqualTo(16).And.ItemAt(0).EqualTo(15));

        static RunCheck Append(Told told, long value) => AppendCheck.Check("append", told.Operations, told.Finally(value));
    }

    [Test]
    public void A_bank_has_the_same_total_in_every_read()
    {
        Assert.That(Bank(100, 100, 100, 100), Is.EqualTo(Verdict.Linearizable));
        Assert.That(Bank(0, 400, 0, 0), Is.EqualTo(Verdict.Linearizable));
        Assert.That(Bank(100, 100, 100, 120), Is.EqualTo(Verdict.Illegal));
        Assert.That(BankCheck.Check("bank", new Told("bank").Read(1, 0, 1, HistoryValue.Null).Operations).Verdict, Is.EqualTo(Verdict.Linearizable), "it is not open yet");

        static Verdict Bank(params long[] balances) => BankCheck.Check("bank", new Told("bank").Read(1, 0, 1, BankLoad.Pack(balances)).Operations).Verdict;
    }

    [Test]
    public void A_lock_is_never_held_by_two()
    {
        Told Taken() => new Told("mutex").Set(1, 0, 10, HistoryValue.Null, 1);
        Assert.That(Mutex(Taken().Set(1, 20, 30, 1, 0).Set(2, 15, 40, 0, 2)), Is.EqualTo(Verdict.Linearizable), "the other may have got it at 25");
        Assert.That(Mutex(Taken().Set(1, 20, 30, 1, 0).Set(2, 12, 18, 0, 2)), Is.EqualTo(Verdict.Illegal));
        Assert.That(Mutex(Taken().Set(2, 12, 18, 0, 2)), Is.EqualTo(Verdict.Illegal), "the first never gave it back");
        Assert.That(Mutex(Taken().Set(1, 20, 30, 1, 0, AnswerKind.Unknown).Set(2, 24, 28, 0, 2)), Is.EqualTo(Verdict.Linearizable));
        Assert.That(Mutex(Taken().Set(2, 12, 13, 0, 2, AnswerKind.Unknown).Read(3, 14, 15, 2).Set(1, 20, 30, 1, 0)), Is.EqualTo(Verdict.Illegal), "a read shows that the other has it");

        static Verdict Mutex(Told told) => MutexCheck.Check("mutex", told.Operations).Verdict;
    }

    [Test]
    public void A_stream_is_counted_to_its_end_once_and_its_offset_never_goes_back()
    {
        var told = new Told("stream").Post(1, 0, 5, 100, 100).Read(2, 6, 7, 100).Post(1, 8, 20, 200, null, AnswerKind.Unknown).Read(2, 15, 16, 150);
        Assert.That(Stream(told, Account()).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Stream(told, Account() with { Counted = Counts(("a", 3), ("b", 1)) }).Detail, Does.Contain("1 too often"));
        Assert.That(Stream(told, Account() with { Counted = Counts(("a", 1), ("b", 1)) }).Detail, Does.Contain("1 lost"));
        Assert.That(Stream(told, Account() with { Counted = Counts(("a", 2)) }).Verdict, Is.EqualTo(Verdict.Undecided));
        Assert.That(Stream(told, Account() with { Final = new(AnswerKind.Ok, 200, 4) }).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Stream(told, Account() with { Final = new(AnswerKind.Ok, 150, 2), Counted = Counts(("a", 1)) }).Verdict, Is.EqualTo(Verdict.Undecided));
        Assert.That(Stream(told, Account() with { Final = new(AnswerKind.Failed) }).Verdict, Is.EqualTo(Verdict.Undecided));
        Assert.That(Stream(told.Read(2, 17, 18, 140), Account()).Detail, Does.Contain("The offset goes back"));
        Assert.That(Stream(new Told("stream").Post(1, 0, 5, 100, 100).Read(2, 6, 7, 101), Account()).Detail, Does.Contain("beyond what was posted"));

        static RunCheck Stream(Told told, StreamAccount account) => StreamCheck.Check("stream", told.Operations, account);
    }

    [TestCase("Unhandled exception. System.InvalidOperationException: x")]
    [TestCase("   at RaftStream.Raft.RaftNode.Poll(IClock clock) in RaftNode.cs:line 7")]
    [TestCase("12:00:00.000 fail: Node 1 stopped: This must be true and is not: match never goes back.")]
    [TestCase("raftstream: Internal error, please report it: FormatException: x")]
    [TestCase("Fatal error. Internal CLR error.")]
    [TestCase("panic: runtime error: index out of range")]
    public void A_line_that_no_fault_from_outside_explains_is_found(string line)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "node-1.log");
        File.WriteAllLines(file, ["12:00:00.000 info: Node 1 leads term 3", "12:00:00.001 warn: the disk failed: EIO (looked at 3 files)"]);
        Assert.That(NodeLogCheck.Check([file, file + ".none"]).Verdict, Is.EqualTo(Verdict.Linearizable));
        File.AppendAllLines(file, [line]);
        var check = NodeLogCheck.Check([file]);
        Assert.That(check.Verdict, Is.EqualTo(Verdict.Illegal), check.Detail);
        Assert.That(check.Detail, Does.StartWith("node-1.log tells of").And.Contain("line 3").And.Contain(line.Trim()));
    }

    private static StreamAccount Account() => new()
    {
        Job = StreamLoad.Job,
        Length = 200,
        Words = 3,
        Counts = Counts(("a", 2), ("b", 1)),
        Counted = Counts(("a", 2), ("b", 1)),
        Final = new(AnswerKind.Ok, 200, 3),
        Posts = (1, 1),
    };

    private static Dictionary<string, long> Counts(params (string Word, long Count)[] counts) => counts.ToDictionary(static one => one.Word, static one => one.Count, StringComparer.Ordinal);
}
