using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Http;

/// <summary>What a node says of who asks for a request that it passes on; not believed yet. A feature of the request that came in an envelope, and of no other.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Request">Of which request: method and target.</param>
internal sealed record NodeVouch(string Text, string Request)
{
    /// <summary>In the head of the envelope.</summary>
    public const string Header = "Raftstream-Vouch";

    /// <summary>Adds it to a head, where this node has a secret to say it with.</summary>
    public static EnvelopeHead Add(EnvelopeHead head, NodeSecret secret, Principal principal)
    {
        // Anyone is somebody only at a node that asks nobody: where it is asked who it is, it is nobody.
        if (secret.Vouch(ReferenceEquals(principal, Principal.Anyone) ? principal with { Role = AccessRole.None } : principal, head.First) is { } vouch)
            head.Headers[Header] = vouch;
        return head;
    }
}
