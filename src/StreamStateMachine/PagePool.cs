namespace RaftStream.StreamStateMachine;

/// <summary>
/// Pages of one size. Those that were replaced wait here until no view holds them and are then used again, so that a store that is
/// captured now and then and changes all the time leaves the garbage collector nothing to collect. Owned by the applying thread.
/// </summary>
/// <remarks>
/// Whole pages are pinned, which for arrays without references means no more than that the garbage collector neither copies them from
/// generation to generation nor moves them when it compacts: with a state of a gigabyte, either is a long pause.
/// </remarks>
internal sealed class PagePool<T>(Captures captures, int size)
    where T : unmanaged
{
    private readonly Queue<(T[] Page, long Retired)> _retired = new();

    /// <summary>A page, or a smaller array where the only page is still growing; holds anything.</summary>
    public T[] Rent(int length)
    {
        if (length != size)
            return new T[length];
        if (!_retired.TryPeek(out var oldest) || !captures.IsReleased(oldest.Retired))
            return GC.AllocateUninitializedArray<T>(size, pinned: true);
        _retired.Dequeue();
        return oldest.Page;
    }

    /// <summary>
    /// Takes a page that is not part of the store any more, though views may hold it; <paramref name="most"/> is how many to keep, so that a
    /// store that shrinks gives its memory back.
    /// </summary>
    public void Return(T[] page, int most)
    {
        while (_retired.Count > most)
            _retired.Dequeue();
        if (page.Length == size && _retired.Count < most)
            _retired.Enqueue((page, captures.Epoch));
    }
}
