using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>The cases every textbook has, for each model, as histories in text: what the models mean.</summary>
[TestFixture]
internal sealed class ModelTests
{
    // Each word is an event: a process, then ( for a call or ) for its answer; an answer tells after = what was read.
    private const Verdict Legal = Verdict.Linearizable;
    private const Verdict Illegal = Verdict.Illegal;

    [TestCase("0(read 0)=nil", Legal, TestName = "A register begins with nothing")]
    [TestCase("0(read 0)=1", Illegal, TestName = "A register does not make up a value")]
    [TestCase("0(write:1 1(read 1)=nil 2(read 2)=1 0)", Legal, TestName = "A read may see a write under way or not")]
    [TestCase("0(write:1 1(read 1)=1 2(read 2)=nil 0)", Illegal, TestName = "A register does not go back")]
    [TestCase("0(write:1 0) 1(write:2 1) 2(read 2)=1", Illegal, TestName = "A register does not lose a write")]
    [TestCase("0(write:1 1(read 1)=nil 2(read 2)=1", Legal, TestName = "A write without an answer takes effect late")]
    [TestCase("0(write:1 1(read 1)=1 2(read 2)=nil", Illegal, TestName = "A write without an answer takes effect once")]
    [TestCase("0(write:1 0) 1(cas:1,2 1) 2(read 2)=2", Legal, TestName = "A cas replaces what it expects")]
    [TestCase("0(write:1 0) 1(cas:2,3 1)", Illegal, TestName = "A cas does not replace anything else")]
    [TestCase("0(write:1 0) 1(cas:1,2 2(cas:1,3 1) 2)", Illegal, TestName = "Two cas of one value are not both done")]
    [TestCase("0(write:1 0) 1(cas:1,2 2(cas:1,3 1)! 2) 3(read 3)=3", Legal, TestName = "A failed cas did not happen")]
    [TestCase("0(write:1 0)! 1(read 1)=1", Illegal, TestName = "A failed write is not seen")]
    [TestCase("0(cas:nil,1 1(cas:1,2 2(cas:2,3 3(read 3)=3", Legal, TestName = "Open cas build on each other")]
    public void OfARegister(string events, Verdict expected) => Check(HistoryModel.Register, events, expected);

    [TestCase("0(add:2 0) 1(add:3 1) 2(read 2)=5", Legal, TestName = "A counter adds up")]
    [TestCase("0(add:2 0) 1(add:3 1) 2(read 2)=3", Illegal, TestName = "A counter loses nothing")]
    [TestCase("0(add:2 1(add:3 2(read 2)=3 0) 1) 3(read 3)=5", Legal, TestName = "Adds commute")]
    [TestCase("0(add:2 1(add:3 0)=5 1)=3", Legal, TestName = "Answers to adds tell their order")]
    [TestCase("0(add:2 1(add:3 0)=5 1)=5", Illegal, TestName = "Two adds do not end at the same value")]
    [TestCase("0(add:2 1(read 1)=2 2(read 2)=0", Illegal, TestName = "A counter does not go back")]
    [TestCase("0(add:5 0) 1(add:-3 2(read 2)=2", Legal, TestName = "An open add may take away")]
    public void OfACounter(string events, Verdict expected) => Check(HistoryModel.Counter, events, expected);

    [TestCase("0(read 0)=''", Legal, TestName = "A missing key reads as the empty text")]
    [TestCase("0(append:a 0) 1(append:b 1) 2(read 2)='ab'", Legal, TestName = "Texts grow at the end")]
    [TestCase("0(append:a 0) 1(append:b 1) 2(read 2)='ba'", Illegal, TestName = "Appends keep their order in time")]
    [TestCase("0(append:a 0) 1(write:x 1) 2(append:b 2) 3(read 3)='xb'", Legal, TestName = "A put replaces the text")]
    [TestCase("0(append:a 0) 1(write:x 1) 2(read 2)='ax'", Illegal, TestName = "A put appends nothing")]
    [TestCase("0(append:a 1(read 1)='aa'", Illegal, TestName = "An open append is done once at most")]
    public void OfAText(string events, Verdict expected) => Check(HistoryModel.KeyValue, events, expected);

    [TestCase("0(append:1 1(append:2 0) 1) 2(read 2)=[2,1]", Legal, TestName = "Appends at the same time come in any order")]
    [TestCase("0(append:1 1(append:2 0) 1) 2(read 2)=[2,1] 3(read 3)=[1,2]", Illegal, TestName = "Two reads do not see two orders")]
    [TestCase("0(append:1 0) 1(read 1)=[]", Illegal, TestName = "A list loses nothing")]
    [TestCase("0(append:1 1(read 1)=[] 2(append:2 2) 3(read 3)=[2,1]", Legal, TestName = "An open append may come last")]
    [TestCase("0(append:1 0) 1(append:1 1) 2(read 2)=[1,1]", Legal, TestName = "An element may be there twice")]
    public void OfAList(string events, Verdict expected) => Check(HistoryModel.Append, events, expected);

    [TestCase("0(add:1 0) 1(add:2 1) 2(read 2)=[2,1]", Legal, TestName = "A set has no order")]
    [TestCase("0(add:1 0) 1(add:2 1) 2(read 2)=[2]", Illegal, TestName = "A set loses no member")]
    [TestCase("0(add:1 1(add:2 2(read 2)=[1] 3(read 3)=[2] 0) 1)", Illegal, TestName = "Two reads do not see two histories")]
    [TestCase("0(add:1 1(read 1)=[1] 2(read 2)=[]", Illegal, TestName = "A set does not forget")]
    public void OfASet(string events, Verdict expected) => Check(HistoryModel.Set, events, expected);

    [TestCase("0(acquire 0) 1(release 1) 2(acquire 2)", Legal, TestName = "A lock is taken and given back")]
    [TestCase("0(acquire 0) 1(acquire 1)", Illegal, TestName = "A lock is not taken twice")]
    [TestCase("0(acquire 0) 1(release 2(acquire 2)", Legal, TestName = "An open release may free a lock")]
    [TestCase("0(acquire 0) 1(release 2(acquire 2) 3(acquire 3)", Illegal, TestName = "An open release frees it once")]
    [TestCase("0(release 0)", Illegal, TestName = "A free lock is not given back")]
    [TestCase("0(acquire 1(acquire 0) 2(release 2) 1)", Legal, TestName = "One waits for the other")]
    public void OfALock(string events, Verdict expected) => Check(HistoryModel.Mutex, events, expected);

    [Test]
    public void KeysAreIndependent()
    {
        var recorder = new HistoryRecorder();
        recorder.Ok(recorder.Invoke(0, "a", OperationFunction.Write, 1));
        recorder.Ok(recorder.Invoke(0, "b", OperationFunction.Read), HistoryValue.Null);
        recorder.Ok(recorder.Invoke(0, "a", OperationFunction.Read), HistoryValue.Null);

        var result = LinearizabilityChecker.Check(recorder.ToHistory(), HistoryModel.Register);

        Assert.That(result.Keys.Select(static key => (key.Key, key.Verdict)), Is.EqualTo(new[] { ("a", Illegal), ("b", Legal) }));
        Assert.That(result.FirstIllegal!.Illegal!.ToString(), Is.EqualTo(
            "Nothing explains the answer to process 0: read -> nil: the 1 operations answered before fit one order, and with that answer none fits."));
    }

    [Test]
    public void AnOperationThatTheModelDoesNotHaveIsRefused()
    {
        var recorder = new HistoryRecorder();
        recorder.Invoke(0, "a", OperationFunction.Acquire);
        Assert.That(
            () => LinearizabilityChecker.Check(recorder.ToHistory(), HistoryModel.Register),
            Throws.ArgumentException.With.Message.StartsWith("Operation 0 (process 0: acquire -> unknown) asks the register model for acquire, which it does not have: it has read, write and cas."));
    }

    [Test]
    public void ARecorderRefusesToEndAnOperationTwiceAndToGrowWithoutEnd()
    {
        var recorder = new HistoryRecorder(limit: 1);
        var operation = recorder.Invoke(0, "a", OperationFunction.Write, 1);
        var before = recorder.ToHistory();
        recorder.Ok(operation);

        Assert.That(() => recorder.Fail(operation), Throws.InvalidOperationException);
        Assert.That(() => recorder.Invoke(0, "a", OperationFunction.Write, 1), Throws.InvalidOperationException);
        Assert.That((before.Operations[0].IsOpen, recorder.ToHistory().Operations[0].IsOpen), Is.EqualTo((true, false)), "a history taken before does not change");
        Assert.That(() => new HistoryRecorder(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static void Check(HistoryModel model, string events, Verdict expected)
    {
        var recorder = new HistoryRecorder();
        var open = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in events.Split(' '))
        {
            var place = word.IndexOfAny(['(', ')']);
            var (process, rest) = (word[..place], word[(place + 1)..]);
            if (word[place] == '(')
            {
                var parts = rest.Split(':');
                Assert.That(ModelRules.TryParse(parts[0], out OperationFunction function), word);
                var members = parts.Length < 2 ? [] : parts[1].Split(',').Select(ValueOf).ToArray();
                open[process] = recorder.Invoke(long.Parse(process), "k", function, members.Length > 1 ? HistoryValue.List(members) : members.FirstOrDefault());
            }
            else if (rest == "!")
                recorder.Fail(open[process]);
            else
                recorder.Ok(open[process], rest.Length == 0 ? null : ValueOf(rest[1..]));
        }
        var history = recorder.ToHistory();
        Assert.That(NaiveChecker.IsLinearizable(history.Operations, model), Is.EqualTo(expected == Legal), "the enumerator");
        Assert.That(LinearizabilityChecker.Check(history, model).Verdict, Is.EqualTo(expected));
    }

    private static HistoryValue ValueOf(string text) => text switch
    {
        "nil" => default,
        ['[', .. var members, ']'] => HistoryValue.List([.. members.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ValueOf)]),
        ['\'', .. var content, '\''] => HistoryValue.FromString(content),
        _ => long.TryParse(text, out var number) ? number : HistoryValue.FromString(text),
    };
}
