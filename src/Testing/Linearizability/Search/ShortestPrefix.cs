namespace RaftStream.Testing.Linearizability;

/// <summary>
/// Finds the shortest beginning of an illegal history that is illegal. Prefixes end with an answer; what is answered later is open in
/// them. If one is illegal so is every longer one: an order of the longer one, cut after the last operation answered in the shorter one,
/// explains that. So a search by halves finds the border.
/// </summary>
internal static class ShortestPrefix
{
    /// <summary>Explains an illegal verdict.</summary>
    /// <param name="operations">All operations on the key, in the order of their calls.</param>
    /// <param name="model">The object.</param>
    /// <param name="failed">The search that ended with the verdict.</param>
    /// <param name="budget">What the explanation may take; when it ends, the shortest prefix found by then is returned.</param>
    public static IllegalPrefix Find(IReadOnlyList<Operation> operations, HistoryModel model, KeySearch failed, SearchBudget budget)
    {
        var answers = operations.Where(static operation => !operation.IsOpen).OrderBy(static operation => operation.Returned).ToArray();

        // The failed search ordered everything that was answered before the answer it got stuck at.
        var legal = answers.Count(operation => operation.Returned < failed.Furthest);
        var illegal = answers.Length;
        var orders = new Dictionary<int, IReadOnlyList<Operation>>();
        var isShortest = true;

        // It usually got stuck at the very border, so begin there.
        for (var middle = legal + 1; illegal - legal > 1 && !budget.IsOver; middle = (legal + illegal) / 2)
        {
            var search = new KeySearch(new OperationTable(operations, answers[middle - 1].Returned), model, budget);
            var verdict = search.Run();
            if (verdict == Verdict.Illegal)
                illegal = middle;
            else
                legal = middle;
            orders[middle] = search.Linearization;
            isShortest &= verdict != Verdict.Undecided;
        }
        isShortest &= illegal - legal <= 1;
        var last = answers[illegal - 1];
        var order = Before();
        return new([.. operations.Where(operation => operation.Invoked < last.Returned)], last, order, isShortest);

        // All that was answered before the last answer fits one order: that one shows what the last answer breaks.
        IReadOnlyList<Operation> Before()
        {
            if (isShortest && !orders.ContainsKey(legal))
            {
                var search = new KeySearch(new OperationTable(operations, legal == 0 ? -1 : answers[legal - 1].Returned), model, budget);
                isShortest = search.Run() == Verdict.Linearizable;
                orders[legal] = search.Linearization;
            }
            return isShortest ? orders[legal] : [.. failed.Linearization.Where(operation => operation.Invoked < last.Returned)];
        }
    }
}
