import {
  type AllHTMLAttributes,
  type ComponentChildren,
  type FunctionComponent,
  h,
  type Ref,
  type VNode,
} from 'preact';

type Data = Readonly<Record<`data-${string}`, string | number | undefined>>;
type Props = AllHTMLAttributes<HTMLElement> & Data & { readonly ref?: Ref<HTMLElement> };

/** An element, children after its attributes. */
export function el(tag: string, props: Props | null, ...children: ComponentChildren[]): VNode {
  return h(tag, props as object, ...children) as VNode;
}

/** What an input holds. */
export function textOf(event: Event): string {
  return (event.currentTarget as HTMLInputElement).value;
}

export function checkedOf(event: Event): boolean {
  return (event.currentTarget as HTMLInputElement).checked;
}

/** A push button; `label` is what a screen reader says where `content` is a sign. */
export function button(
  content: ComponentChildren,
  onClick: () => void,
  more: Props & { readonly label?: string } = {},
): VNode {
  const { label, ...props } = more;
  const naming = label === undefined ? {} : { 'aria-label': label, title: label };
  return el('button', { type: 'button', onClick, ...naming, ...props }, content);
}

/** A component with its properties. */
export function part<P>(
  component: (props: P) => VNode | null,
  props: NoInfer<P> & { readonly key?: string | number },
  ...children: ComponentChildren[]
): VNode {
  return h(component as FunctionComponent<object>, props as object, ...children) as VNode;
}
