"""Each part of the platform as the role that its stack gives it.

Without enforcement the parts have the same credentials, and the emulator allows everything. What it denies with
enforcement AWS denies too; what it allows, AWS may still deny:

- key policies are not asked, and no service uses the key on behalf of its caller;
- EventBridge delivers to queues whose policy does not admit it, and CloudFormation's own calls are root's;
- a bucket's, queue's or topic's ``aws:SecureTransport`` always holds, see `decisions`;
- of conditions on DynamoDB items, ``dynamodb:LeadingKeys`` is never there; none of our policies has it.
"""
