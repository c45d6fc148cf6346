using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>
/// The checker against the enumerator of all orders, on 100,000 small histories: the verdict, the order it found, the shortest illegal
/// prefix. RAFTSTREAM_CHECKS runs more of them.
/// </summary>
[TestFixture]
internal sealed class NaiveComparisonTests
{
    private const int Histories = 100_000;
    private const int MostOperations = 8;

    [TestCase(HistoryModel.Register, 30)]
    [TestCase(HistoryModel.Counter, 20)]
    [TestCase(HistoryModel.KeyValue, 15)]
    [TestCase(HistoryModel.Append, 15)]
    [TestCase(HistoryModel.Set, 12)]
    [TestCase(HistoryModel.Mutex, 8)]
    public void TheCheckerSaysWhatTryingEveryOrderSays(HistoryModel model, int share)
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("RAFTSTREAM_CHECKS"), out var given) ? given : Histories * share / 100;
        var histories = new RandomHistories(model, 0xC0FFEE + (ulong)model);
        var (legal, illegal) = (0, 0);
        for (var number = 0; number < count; number++)
        {
            var history = histories.Next(MostOperations);
            var expected = NaiveChecker.IsLinearizable(history.Operations, model);
            var result = LinearizabilityChecker.Check(history, model);
            if (result.Verdict != (expected ? Verdict.Linearizable : Verdict.Illegal))
                Assert.Fail($"{model} history {number}: {result.Verdict}\n{Text(history)}");
            var problem = expected ? ProblemOfOrders(result, model) : ProblemOfPrefix(result.FirstIllegal!, model);
            if (problem is not null)
                Assert.Fail($"{model} history {number}: {problem}\n{Text(history)}");
            _ = expected ? legal++ : illegal++;
        }
        TestContext.Out.WriteLine($"{legal} legal, {illegal} illegal, no difference");
        Assert.That((legal, illegal), Is.EqualTo((count - illegal, count - legal)));
        Assert.That(Math.Min(legal, illegal), Is.GreaterThan(count / 6), "both verdicts are well represented");
    }

    private static string? ProblemOfOrders(CheckResult result, HistoryModel model) =>
        result.Keys.Select(key => NaiveChecker.Refute(key.Linearization, key.Operations, model)).FirstOrDefault(static problem => problem is not null);

    private static string? ProblemOfPrefix(KeyResult key, HistoryModel model)
    {
        var prefix = key.Illegal!;
        if (!prefix.IsShortest)
            return "The prefix is not said to be the shortest.";
        if (NaiveChecker.IsLinearizable(key.Operations, model, prefix.Last.Returned))
            return $"The prefix up to the answer to {prefix.Last} is legal.";
        if (!NaiveChecker.IsLinearizable(key.Operations, model, prefix.Last.Returned - 1))
            return $"The prefix before the answer to {prefix.Last} is illegal.";
        if (!prefix.Unordered.SequenceEqual([prefix.Last]))
            return "More or other operations cannot be ordered than the last of the prefix.";
        return NaiveChecker.Refute(prefix.Linearization, prefix.Operations, model, prefix.Last.Returned - 1);
    }

    private static string Text(History history) => string.Join('\n', history.Operations.Select(static operation =>
        $"{operation.Key} {operation} [{operation.Invoked}, {(operation.IsOpen ? "-" : operation.Returned.ToString())}]"));
}
