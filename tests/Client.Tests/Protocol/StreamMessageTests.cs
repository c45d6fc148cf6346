using RaftStream.Client.Protocol;

namespace RaftStream.Client.Tests.Protocol;

/// <summary>The messages about stream jobs as bytes: read back as they were written, the bytes themselves, and what is out of range.</summary>
internal sealed class StreamMessageTests
{
    private static readonly string Longest = new('ü', StreamNames.MaxChars);

    private static readonly IngestTerms Lines = new("j", "s", "p", 7, ["a", "b"]);

    private static readonly SubscribeTerms Question = new(1_000, "j", "s", 3);

    private static readonly IngestTerms[] WrongLines =
    [
        Lines with { Job = "" },
        Lines with { Job = new string('j', StreamNames.MaxChars + 1) },
        Lines with { Job = "a\tb" },
        Lines with { Source = "" },
        Lines with { Source = "a\u0085b" },
        Lines with { Producer = "" },
        Lines with { Producer = new string('p', StreamNames.MaxChars + 1) },
        Lines with { First = 0 },
        Lines with { First = IngestTerms.MaxFirst + 1 },
        Lines with { Lines = [new string('x', IngestTerms.MaxLineBytes + 1)] },
        Lines with { Lines = ["a", "b\nc"] },
        Lines with { Lines = [.. Enumerable.Repeat("", IngestTerms.MaxLines + 1)] },
        Lines with { Lines = [new string('x', IngestTerms.MaxLineBytes), ""] },
    ];

    private static readonly SubscribeTerms[] WrongQuestions =
    [
        Question with { WaitMs = 0 },
        Question with { WaitMs = 60_001 },
        Question with { Job = "" },
        Question with { Sink = "" },
        Question with { Sink = new string('s', StreamNames.MaxChars + 1) },
        Question with { From = 0 },
    ];

    [Test]
    public void LinesAreReadBackAsTheyWereWrittenAndAreNeverTooLarge()
    {
        foreach (var lines in new string[][] { [], [""], ["a", "ü 5", "b\r"], [new string('x', IngestTerms.MaxLineBytes)], [.. Enumerable.Repeat("", IngestTerms.MaxLines)] })
        {
            var bytes = MessageTests.Bytes(new RequestMessage(RequestKind.Ingest) { Id = long.MaxValue, DeadlineMs = 600_000, Ingest = new(Longest, Longest, Longest, IngestTerms.MaxFirst, lines) });
            Assert.That(bytes, Has.Length.LessThanOrEqualTo(FrameCutter.LargestRequest));
            Assert.That(RequestMessage.TryRead(bytes, out var read, out var problem), problem);
            var terms = read.Ingest!;
            Assert.That((terms.Job, terms.Source, terms.Producer, terms.First), Is.EqualTo((Longest, Longest, Longest, IngestTerms.MaxFirst)));
            Assert.That(terms.Lines, Is.EqualTo(lines));
        }

        // Names of three bytes a character are the longest.
        var widest = new string('\u20ac', StreamNames.MaxChars);
        var largest = MessageTests.Bytes(new RequestMessage(RequestKind.Ingest) { Id = long.MaxValue, DeadlineMs = 600_000, Ingest = new(widest, widest, widest, IngestTerms.MaxFirst, [new string('x', IngestTerms.MaxLineBytes)]) });
        Assert.That(largest, Has.Length.LessThanOrEqualTo(FrameCutter.LargestRequest));
        Assert.That(RequestMessage.TryRead(largest, out _, out var wrong), wrong);
    }

    [Test]
    public void QuestionsForOutputsAreReadBackAsTheyWereWritten()
    {
        foreach (var question in new SubscribeTerms[] { Question, new(1, Longest, Longest, long.MaxValue), new(60_000, "a b", "ü", 1) })
        {
            Assert.That(RequestMessage.TryRead(MessageTests.Bytes(new RequestMessage(RequestKind.Subscribe) { Id = 1, DeadlineMs = 5, Subscribe = question }), out var read, out var problem), problem);
            Assert.That(read.Subscribe, Is.EqualTo(question));
        }
    }

    [Test]
    public void AnswersAreReadBackAsTheyWereWritten()
    {
        var taken = new AnswerMessage(AnswerKind.Ingest) { Id = 3, Level = ConsistencyLevel.Quorum, Sequence = long.MaxValue, Taken = IngestTerms.MaxLines };
        var refused = AnswerMessage.Refused(3, ClientOutcome.Rejected, ClientRefusal.WrongSequence, "No.") with { Kind = AnswerKind.Ingest, Sequence = 5 };
        foreach (var answer in new[] { taken, refused })
        {
            Assert.That(AnswerMessage.TryRead(MessageTests.Bytes(answer), out var read));
            Assert.That(read, Is.EqualTo(answer));
        }

        ClientSinkOutput[] outputs = [new(1, long.MinValue, ""), new(2, 0, "ü"), new(9, long.MaxValue, new string('x', OutputPage.MaxTextBytes))];
        Assert.That(AnswerMessage.TryRead(MessageTests.Bytes(new AnswerMessage(AnswerKind.Outputs) { Id = 1, Outputs = new(10, outputs) }), out var page));
        Assert.That((page.Outputs!.Next, page.Outputs.Outputs), Is.EqualTo((10L, outputs)));
    }

    [Test]
    public void TheBytesAreThoseOfTheProtocol()
    {
        Assert.That(Hex(MessageTests.Bytes(new RequestMessage(RequestKind.Ingest) { Id = 1, DeadlineMs = 5, Ingest = Lines })), Is.EqualTo("98 0E 01 05 A1 6A A1 73 A1 70 07 92 A1 61 A1 62"));
        Assert.That(Hex(MessageTests.Bytes(new RequestMessage(RequestKind.Subscribe) { Id = 1, DeadlineMs = 5, Subscribe = Question })), Is.EqualTo("97 0F 01 05 CD 03 E8 A1 6A A1 73 03"));
        var head = new AnswerMessage(AnswerKind.Ingest) { Id = 1, Index = 9, Term = 2, Level = ConsistencyLevel.Quorum, Leader = 3, Sequence = 8, Taken = 2 };
        Assert.That(Hex(MessageTests.Bytes(head)), Is.EqualTo("9D 4A 01 00 00 C0 09 02 C0 10 03 C0 08 02"));
        var page = new AnswerMessage(AnswerKind.Outputs) { Id = 1, Index = 9, Term = 2, Level = ConsistencyLevel.Eventual, Leader = 3, Outputs = new(5, [new(3, 1_000, "ab"), new(4, -1, "")]) };
        Assert.That(Hex(MessageTests.Bytes(page)), Is.EqualTo("9D 4B 01 00 00 C0 09 02 C0 04 03 C0 05 96 03 CD 03 E8 A2 61 62 04 FF A0"));
    }

    [TestCaseSource(nameof(WrongLines))]
    public void LinesOutOfRangeAreRefusedWithASentence(object terms) => IsRefused(new RequestMessage(RequestKind.Ingest) { Id = 7, DeadlineMs = 1, Ingest = (IngestTerms)terms });

    [TestCaseSource(nameof(WrongQuestions))]
    public void QuestionsOutOfRangeAreRefusedWithASentence(object terms) => IsRefused(new RequestMessage(RequestKind.Subscribe) { Id = 7, DeadlineMs = 1, Subscribe = (SubscribeTerms)terms });

    [Test]
    public void AnswersOutOfRangeAreNone()
    {
        var good = new ClientSinkOutput(5, 0, "x");
        AnswerMessage[] wrong =
        [
            new(AnswerKind.Ingest) { Sequence = -1 },
            new(AnswerKind.Ingest) { Taken = -1 },
            new(AnswerKind.Ingest) { Taken = IngestTerms.MaxLines + 1 },
            new(AnswerKind.Outputs) { Outputs = new(0, []) },
            new(AnswerKind.Outputs) { Outputs = new(9, [good with { Sequence = 0 }]) },
            new(AnswerKind.Outputs) { Outputs = new(9, [good, good]) },
            new(AnswerKind.Outputs) { Outputs = new(9, [good, good with { Sequence = 4 }]) },
            new(AnswerKind.Outputs) { Outputs = new(5, [good]) },
            new(AnswerKind.Outputs) { Outputs = new(9, [good with { Text = new string('x', OutputPage.MaxTextBytes + 1) }]) },
            new(AnswerKind.Outputs) { Outputs = new(long.MaxValue, [.. Enumerable.Range(1, OutputPage.MaxItems + 1).Select(static sequence => new ClientSinkOutput(sequence, 0, ""))]) },
        ];
        foreach (var answer in wrong)
            Assert.That(AnswerMessage.TryRead(MessageTests.Bytes(answer), out _), Is.False, $"{answer.Kind} {answer.Sequence} {answer.Taken} {answer.Outputs}");
    }

    private static void IsRefused(RequestMessage request)
    {
        Assert.That(RequestMessage.TryRead(MessageTests.Bytes(request), out var read, out var problem), Is.False);
        Assert.That(problem, Does.EndWith("."));
        Assert.That(read.Id, Is.EqualTo(7), "whoever sent it can be told which one it was");
    }

    private static string Hex(byte[] bytes) => BitConverter.ToString(bytes).Replace('-', ' ');
}
