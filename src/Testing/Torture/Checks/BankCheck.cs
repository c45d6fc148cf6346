namespace RaftStream.Testing;

/// <summary>Banks: the accounts of every read have the same total, and none is below zero.</summary>
internal static class BankCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "total";

    /// <summary>Checks the banks of a run.</summary>
    public static RunCheck Check(string workload, IReadOnlyList<RunOperation> operations) =>
        RunHistories.Timed(workload, Checker, () => Find(operations));

    private static (Verdict Verdict, string Detail) Find(IReadOnlyList<RunOperation> operations)
    {
        var reads = operations.Where(static operation =>
            operation is { Call.Function: OperationFunction.Read, Answer: { Kind: AnswerKind.Ok, Result.Kind: HistoryValueKind.Number } }).ToArray();
        foreach (var read in reads)
        {
            var balances = BankLoad.Unpack(read.Answer.Result!.Value.Number);
            if (balances.Sum() != BankLoad.Total || balances.Min() < 0)
                return (Verdict.Illegal, $"The accounts of {read.Call.Key} are {string.Join(", ", balances)}, together {balances.Sum()} where {BankLoad.Total} was paid in: {RunHistories.Tell(read)}.");
        }
        return (Verdict.Linearizable, $"{reads.Length} reads show a total of {BankLoad.Total}.");
    }
}
